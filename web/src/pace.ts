// Seconds that a question took in this browser's last check of a model; kept by the browser alone.
const key = (model: string) => `pace:${model}`;

export function pace_of(model: string): number | null {
  const kept = Number(localStorage.getItem(key(model)));
  return kept > 0 ? kept : null;
}

export function keep_pace(model: string, seconds_a_question: number): void {
  if (Number.isFinite(seconds_a_question) && seconds_a_question > 0)
    localStorage.setItem(key(model), seconds_a_question.toPrecision(3));
}
