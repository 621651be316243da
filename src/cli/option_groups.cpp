#include "cli/option_groups.hpp"

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace heretix {

using CLI::App;

namespace {

constexpr int kMostWords = 1000;  // of a claim without quotes

// A setting that is true or false, and stays empty if the flag is not given, so that the environment and the
// configuration file decide; `--mock=false` overrules them. The add_flag() of CLI11 would take an optional for a
// counter and set it to 0.
void add_switch(App& command, const char* name, std::optional<bool>& setting, const char* what) {
  command.add_flag_function(
      name, [&setting](std::int64_t times) { setting = times > 0; }, what);
}

}  // namespace

void add_store(App& command, CommonOptions& o) {
  command
      .add_option("--db", o.flags.db,
                  "the store (default runs/heretix.sqlite in the current folder, for mock runs runs/mock.sqlite; "
                  "HERETIX_DB)")
      ->type_name("FILE");
}

void add_store_to_read(App& command, CommonOptions& o) {
  add_store(command, o);
  add_switch(command, "--mock", o.flags.mock, "read mock runs, which have a store of their own (HERETIX_MOCK)");
}

void add_database(App& command, CommonOptions& o, const char* what) {
  command.add_option("--database", o.database, what)->type_name("local|prod|URL");
}

void add_json(App& command, CommonOptions& o) { command.add_flag("--json", o.json, "print JSON and nothing else"); }

void add_page(App& command, CommonOptions& o) {
  command.add_option("-o,--out", o.out, "also write a self-contained HTML page")->type_name("FILE");
}

void add_mock(App& command, CommonOptions& o) {
  add_switch(command, "--mock", o.flags.mock, "let a deterministic stand-in answer in the model's name (HERETIX_MOCK)");
}

void add_bank(App& command, CommonOptions& o) {
  command
      .add_option("--prompt-version", o.flags.prompt_version,
                  "the prompt bank, by file name or version (default heretix_v1, or for the embedded model's token and "
                  "frequency heretix_words_v1)")
      ->type_name("BANK");
  command.add_option("--prompts", o.flags.prompts, "the folder of prompt banks (RPL_PROMPTS_DIR)")->type_name("FOLDER");
}

void add_base_url(App& command, CommonOptions& o) {
  command
      .add_option("--base-url", o.flags.base_url,
                  "the base URL of the provider (default its own, or OPENAI_BASE_URL and the like)")
      ->type_name("URL");
}

void add_prices(App& command, CommonOptions& o) {
  command
      .add_option("--prices", o.flags.prices,
                  "a price list that overrides the program's own (HERETIX_PRICES; docs/models.md)")
      ->type_name("FILE");
  command
      .add_option("--price", o.flags.price,
                  "what a hosted model costs, in dollars per million tokens of input and output, e.g. 1.25,10, instead "
                  "of what a price list says")
      ->type_name("IN,OUT");
}

void add_spending(App& command, CommonOptions& o) {
  command
      .add_option("--concurrency", o.flags.concurrency, "how many questions to ask at once (HERETIX_RPL_CONCURRENCY)")
      ->type_name("N");
  command
      .add_option("--timeout", o.flags.timeout,
                  "the time limit of one question to a hosted model, in seconds (default 300)")
      ->type_name("SECONDS");
  command
      .add_option("--budget", o.flags.budget,
                  "stop before this command could spend more than this, in dollars; it is never exceeded")
      ->type_name("DOLLARS");
  command
      .add_option("--budget-day", o.flags.budget_day,
                  "the same for everything that any process has sent through this store since midnight UTC")
      ->type_name("DOLLARS");
}

void add_resending(App& command, MeasuringOptions& o) {
  command.add_flag("--resend-unknown", o.resend_unknown,
                   "ask again what was sent twice without an answer; it may be billed again");
}

void add_plan_options(App& command, MeasuringOptions& o) {
  command
      .add_option("--config", o.config,
                  "a YAML or JSON file with claim, model, K, R, T, B, seed, … (docs/configuration.md)")
      ->type_name("FILE");
  command
      .add_option(
          "--model", o.models,
          "local, openai/NAME, anthropic/NAME, gemini/NAME, xai/NAME, openai-compatible/NAME, typesafe/NAME, "
          "openrouter/NAME, systemone/NAME, hf:OWNER/REPO:QUANT, llama:FILE.gguf or scripted:FILE (default local; "
          "see heretix models); run, batch and calibrate accept several: --model A --model B")
      ->type_name("MODEL")
      ->allow_extra_args(false);

  add_mock(command, o);
  add_switch(
      command, "--allow-question", o.flags.allow_question,
      "measure a claim as it is even if it is a question, i.e. ends in a question mark (HERETIX_ALLOW_QUESTION)");
  add_bank(command, o);

  command.add_option("-K,--slots", o.flags.slots, "the number of slots, each of one wording (default 8)")
      ->type_name("N");
  command.add_option("-R,--replicates", o.flags.replicates, "how often each slot is asked (default 2)")->type_name("N");
  command.add_option("-T,--templates", o.flags.templates, "how many templates of the bank to use (default all)")
      ->type_name("N");
  command.add_option("-B,--draws", o.flags.draws, "the number of bootstrap draws (default 5000)")->type_name("N");
  command
      .add_option("--seed", o.seed_text,
                  "the seed of the bootstrap (default: derived from the recipe; HERETIX_RPL_SEED)")
      ->type_name("N");
  command.add_flag("--fixed", o.fixed, "use the fixed plan K 8, R 2, T all");

  command
      .add_option("--max-output-tokens", o.flags.max_output_tokens,
                  "the output limit of one answer (default 1024; more if a model spends that on thinking)")
      ->type_name("N");
  command
      .add_option("--max-prompt-chars", o.flags.max_prompt_chars,
                  "the longest full prompt, in characters (default 1200)")
      ->type_name("N");
  command
      .add_option("--temperature", o.flags.temperature,
                  "the sampling temperature; 0 is greedy (default: 1 for a local model, the provider's default for a "
                  "hosted one)")
      ->type_name("X");
  command
      .add_option("--reasoning", o.flags.reasoning,
                  "how much a hosted model thinks first, in its provider's words, e.g. minimal, low, high")
      ->type_name("EFFORT");

  command
      .add_option("--readout", o.flags.readout,
                  "how a probability is read off the model: verbalized, token, frequency, expected or decision "
                  "(default token for the embedded model, else verbalized or the only one that the model supports; "
                  "docs/readouts.md)")
      ->type_name("READOUT");
  command.add_option("--samples", o.flags.samples, "samples of each template, for --readout frequency (default 20)")
      ->type_name("N");
  command.add_flag_callback(
      "--no-negation", [&o] { o.flags.negation = false; },
      "for --readout decision: do not ask the negations; this halves the cost, but a tendency to say yes stays in the "
      "number");
  command.add_flag("--alone", o.alone,
                   "for --readout decision: ask each wording in a request of its own, whatever the model's profile "
                   "allows (heretix probe)");
  add_switch(command, "--logprobs", o.flags.logprobs, "also keep the log-probabilities of a hosted model's answers");

  add_base_url(command, o);
  command.add_option("--api", o.flags.api, "which API of OpenAI and servers like it to use: responses or chat")
      ->type_name("API");
  add_prices(command, o);
  add_store(command, o);
}

void add_ask_options(App& command, MeasuringOptions& o, const char* strict) {
  add_spending(command, o);
  add_switch(command, "--batch", o.flags.batch,
             "use the provider's batch API (openai, anthropic, gemini, xai): submit the questions now and fetch the "
             "answers later with the same command, at a lower price");
  command.add_flag("--fresh", o.fresh, "ask everything again and ignore stored answers");
  add_resending(command, o);
  command.add_flag("--strict", o.strict, strict);
  command.add_flag("-q,--quiet", o.quiet, "show no progress line");
  command.add_flag(
      "--progress-json", o.progress_events,
      "print progress as JSON lines on stderr, for a program that calls this one (as the Python module does)");
}

void add_ladder_option(App& command, MeasuringOptions& o) {
  command
      .add_option("--until-width", o.flags.until_width,
                  "ask 8, then 12, then 16 templates once each, until the 95 % interval is no wider than this (default "
                  "0.20, if no plan is named with -K, -R, -T, --fixed, --config or --batch; docs/ladder.md)")
      ->type_name("WIDTH");
}

CLI::Option& add_claim(CLI::App& command, std::optional<std::string>& claim, const char* what) {
  const auto join = [&claim](const std::vector<std::string>& words) {
    claim = fmt::format("{}", fmt::join(words, " "));
  };
  return *command.add_option_function<std::vector<std::string>>("claim", join, what)
              ->type_name("CLAIM")
              ->expected(1, kMostWords);
}

void require_day(const char* option, const std::string& text) {
  if (is_day(text)) return;
  throw Error(ErrorKind::bad_input, fmt::format("{} is '{}'; it must be a date as YYYY-MM-DD", option, text));
}

void add_verbose(CLI::App& command, bool& verbose) {
  command.add_flag("--verbose", verbose,
                   "also show the frozen estimate and its gates, for comparison with earlier runs");
}

void add_recalibration(App& command, std::string& certificate) {
  command
      .add_option("--recalibrate", certificate,
                  "also show p recalibrated by the map in a certificate of the same model (heretix calibrate --json)")
      ->type_name("FILE");
}

void add_run_argument(App& command, StoredRunOptions& o, const char* what) {
  command.add_option("run", o.run, what)->type_name("RUN")->required();
  add_store_to_read(command, o);
  add_database(command, o, "read it from this Postgres database instead of the store");
}

}  // namespace heretix
