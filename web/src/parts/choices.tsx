// What is chosen in a form: one of a list or of a few, the models to ask, and how thoroughly.
import type { Start } from "../api";

interface ChoiceProps {
  label: string;
  value: string;
  options: [value: string, name: string][];
  onValue: (value: string) => void;
}

export function Choice({ label, value, options, onValue }: ChoiceProps) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(e) => onValue(e.currentTarget.value)}>
        {options.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ModelsProps {
  start: Start;
  chosen: string[];
  onToggle: (name: string) => void;
}

export function ModelsToAsk({ start, chosen, onToggle }: ModelsProps) {
  return (
    <fieldset>
      <legend>Models to ask</legend>
      <div class="choices">
        {start.models.map((model) => (
          <label class="choice" key={model.name}>
            <input type="checkbox" checked={chosen.includes(model.name)} onChange={() => onToggle(model.name)} />
            <span>
              <b>{model.name}</b>
              <small>{model.is_free ? "free" : model.cost_note || "costs money"}</small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

// The word of the interface, its name, and what it means.
export const kDepths = [
  ["quick", "Quick", "8 wordings, once each"],
  ["standard", "Standard", "8 to 16 wordings, until the range is narrow enough"],
  ["deep", "Deep", "16 wordings, three times each if the model writes its answers; needs a plan"],
] as const;

interface RadiosProps<Value extends string> {
  name: string; // of the group
  options: readonly (readonly [value: Value, name: string, meaning: string])[];
  chosen: Value | null; // null: nothing yet
  onChoose: (value: Value) => void;
}

// One of a few, each with what it means. Within a fieldset with a legend of its own.
export function Radios<Value extends string>({ name: group, options, chosen, onChoose }: RadiosProps<Value>) {
  return (
    <div class="choices">
      {options.map(([value, name, meaning]) => (
        <label class="choice" key={value}>
          <input type="radio" name={group} checked={chosen === value} onChange={() => onChoose(value)} />
          <span>
            <b>{name}</b>
            <small>{meaning}</small>
          </span>
        </label>
      ))}
    </div>
  );
}
