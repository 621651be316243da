#include "cli/options.hpp"

#include <CLI/CLI.hpp>

#include "base/version.hpp"

namespace heretix {
namespace {

using CLI::App;

// A setting that is true or false, and stays empty if the flag is not given, so that the environment and the
// configuration file decide; `--mock=false` overrules them. The add_flag() of CLI11 would take an optional for a
// counter and set it to 0.
void add_switch(App& command, const char* name, std::optional<bool>& setting, const char* what) {
  command.add_flag_function(
      name, [&setting](std::int64_t times) { setting = times > 0; }, what);
}

void add_store(App& command, Options& o) {
  command.add_option("--db", o.flags.db, "the store (default runs/heretix.sqlite below this folder; HERETIX_DB)")
      ->type_name("FILE");
}
void add_database(App& command, Options& o, const char* what) {
  command.add_option("--database", o.database, what)->type_name("local|prod|URL");
}
void add_json(App& command, Options& o) { command.add_flag("--json", o.json, "print JSON and nothing else"); }

void add_mock(App& command, Options& o) {
  add_switch(command, "--mock", o.flags.mock, "a deterministic stand-in answers in the model's name (HERETIX_MOCK)");
}

void add_bank(App& command, Options& o) {
  command
      .add_option("--prompt-version", o.flags.prompt_version,
                  "the prompt bank, by file name or version (default heretix_v1)")
      ->type_name("BANK");
  command.add_option("--prompts", o.flags.prompts, "the folder of prompt banks (RPL_PROMPTS_DIR)")->type_name("FOLDER");
}

void add_base_url(App& command, Options& o) {
  command
      .add_option("--base-url", o.flags.base_url, "of the provider (default its own, or OPENAI_BASE_URL and the like)")
      ->type_name("URL");
}

void add_prices(App& command, Options& o) {
  command
      .add_option("--prices", o.flags.prices, "a price list over the program's own (HERETIX_PRICES; docs/models.md)")
      ->type_name("FILE");
  command
      .add_option(
          "--price", o.flags.price,
          "what a hosted model costs, in dollars per million tokens of input and output, e.g. 1.25,10, in place "
          "of what a list says")
      ->type_name("IN,OUT");
}

void add_spending(App& command, Options& o) {
  command.add_option("--concurrency", o.flags.concurrency, "questions at once (HERETIX_RPL_CONCURRENCY)")
      ->type_name("N");
  command.add_option("--timeout", o.flags.timeout, "of one question to a hosted model, in seconds (default 300)")
      ->type_name("SECONDS");
  command
      .add_option("--budget", o.flags.budget,
                  "stop before this command can have spent more, in dollars; nothing overshoots it")
      ->type_name("DOLLARS");
  command
      .add_option("--budget-day", o.flags.budget_day,
                  "the same for all that this store saw sent since midnight UTC, by any process")
      ->type_name("DOLLARS");
}

void add_resending(App& command, Options& o) {
  command.add_flag("--resend-unknown", o.resend_unknown,
                   "ask again what was sent twice with no answer seen; it may be billed again");
}

void add_plan_options(App& command, Options& o) {
  command
      .add_option("--config", o.config,
                  "a YAML or JSON file with claim, model, K, R, T, B, seed, … (docs/configuration.md)")
      ->type_name("FILE");
  command
      .add_option("--model", o.models,
                  "local, openai/NAME, anthropic/NAME, gemini/NAME, xai/NAME, openai-compatible/NAME, typesafe/NAME, "
                  "openrouter/NAME, systemone/NAME, llama:FILE.gguf or scripted:FILE (default local; see heretix "
                  "models); run takes several, --model A --model B")
      ->type_name("MODEL")
      ->allow_extra_args(false);

  add_mock(command, o);
  add_switch(command, "--allow-question", o.flags.allow_question,
             "measure a claim that is a question, which ends in a question mark, as it is (HERETIX_ALLOW_QUESTION)");
  add_bank(command, o);

  command.add_option("-K,--slots", o.flags.slots, "paraphrase slots (default 8)")->type_name("N");
  command.add_option("-R,--replicates", o.flags.replicates, "how often each slot is asked (default 2)")->type_name("N");
  command.add_option("-T,--templates", o.flags.templates, "templates of the bank to use (default all)")->type_name("N");
  command.add_option("-B,--draws", o.flags.draws, "bootstrap draws (default 5000)")->type_name("N");
  command.add_option("--seed", o.seed_text, "of the bootstrap (default: derived from the recipe; HERETIX_RPL_SEED)")
      ->type_name("N");
  command.add_flag("--fixed", o.fixed, "the fixed plan K 8, R 2, T all");

  command
      .add_option("--max-output-tokens", o.flags.max_output_tokens,
                  "of one answer (default 1024; more where a model spends that on thinking)")
      ->type_name("N");
  command
      .add_option("--max-prompt-chars", o.flags.max_prompt_chars, "longest full prompt, in characters (default 1200)")
      ->type_name("N");
  command
      .add_option("--temperature", o.flags.temperature,
                  "0 is greedy (default: 1 for a local model, a hosted one's own default)")
      ->type_name("X");
  command
      .add_option("--reasoning", o.flags.reasoning,
                  "of a hosted model: how much it thinks first, in its provider's words, e.g. minimal, low, high")
      ->type_name("EFFORT");

  command
      .add_option(
          "--readout", o.flags.readout,
          "how a probability is read off the model: verbalized, token, frequency, expected or decision (default "
          "verbalized, or the only one that the model has; docs/readouts.md)")
      ->type_name("READOUT");
  command.add_option("--samples", o.flags.samples, "of each template, for --readout frequency (default 20)")
      ->type_name("N");
  command.add_flag_callback(
      "--no-negation", [&o] { o.flags.negation = false; },
      "for --readout decision: half the cost, but a tendency to say yes stays in the number");
  command.add_flag("--alone", o.alone,
                   "for --readout decision: each wording in a request of its own, whatever the model's profile allows "
                   "(heretix probe)");
  add_switch(command, "--logprobs", o.flags.logprobs, "also keep the log-probabilities of a hosted model's answers");

  add_base_url(command, o);
  command.add_option("--api", o.flags.api, "of OpenAI and its like: responses or chat")->type_name("API");
  add_prices(command, o);
  add_store(command, o);
}

void add_ask_options(App& command, Options& o, const char* strict = "exit with 1 where a gate fails") {
  add_spending(command, o);
  add_switch(command, "--batch", o.flags.batch,
             "by the provider's batch API (openai, anthropic, gemini, xai): handed over, fetched by the same command "
             "later, at a lower price");
  command.add_flag("--fresh", o.fresh, "ask everything anew, stored answers switched off");
  add_resending(command, o);
  command.add_flag("--strict", o.strict, strict);
  command.add_flag("-q,--quiet", o.quiet, "no progress line");
  command.add_flag("--progress-json", o.progress_events,
                   "progress as JSON lines on stderr, for a program that calls this one (the Python module does)");
}

App* add(App& app, const char* name, const char* what) { return app.add_subcommand(name, what)->fallthrough(false); }

void add_recalibration(App& command, Options& o) {
  command
      .add_option("--recalibrate", o.recalibrate,
                  "also show p through the map of a certificate of the same model (heretix calibrate --json)")
      ->type_name("FILE");
}

void add_ladder_option(App& command, Options& o) {
  command
      .add_option("--until-width", o.flags.until_width,
                  "ask 8, then 12, then 16 templates once each, until the 95 % interval is as narrow as that (default "
                  "0.20, where no plan is named by -K, -R, -T, --fixed, --config or --batch; docs/ladder.md)")
      ->type_name("WIDTH");
}

void add_asking_commands(App& app, Options& o) {
  App* run = add(app, "run", "measure what a model believes about a claim");
  run->add_option("claim", o.flags.claim, "one statement; or in --config")->type_name("CLAIM");
  add_ladder_option(*run, o);
  add_recalibration(*run, o);
  add_plan_options(*run, o);
  add_ask_options(*run, o);
  add_database(*run, o, "also keep the check in that Postgres, beside the store (DATABASE_URL, DATABASE_URL_PROD)");
  add_json(*run, o);

  App* describe = add(app, "describe", "print the plan and send nothing");
  describe->add_option("claim", o.flags.claim, "one statement; or in --config")->type_name("CLAIM");
  add_ladder_option(*describe, o);
  add_plan_options(*describe, o);
  add_json(*describe, o);

  App* batch = add(app, "batch", "measure many claims: .jsonl, .csv, or - for JSON lines on standard input");
  batch
      ->add_option("file", o.input, "a claim a line or row, in the field 'claim'; other configuration fields beside it")
      ->type_name("FILE")
      ->required();
  add_plan_options(*batch, o);
  add_ask_options(*batch, o);
  add_database(*batch, o, "also keep the checks in that Postgres, beside the store");
  add_json(*batch, o);
}

void add_run_argument(App& command, Options& o) {
  command.add_option("run", o.run, "a run or execution id, or its beginning")->type_name("RUN")->required();
  add_store(command, o);
  add_database(command, o, "read it from that Postgres instead of the store");
}

void add_reading_commands(App& app, Options& o) {
  App* list = add(app, "list", "list the stored runs, newest first, those without a result too");
  list->add_option("-n,--most", o.most, "how many at the most (default 50)")->type_name("N");
  add_store(*list, o);
  add_database(*list, o, "list the checks in that Postgres instead");
  add_json(*list, o);

  App* show = add(app, "show", "print a stored run");
  add_run_argument(*show, o);
  add_recalibration(*show, o);
  add_json(*show, o);

  App* answers =
      add(app, "answers",
          "print every answer of a run, refused ones with their reason; what came back where it has no result");
  add_run_argument(*answers, o);
  answers->add_flag("--raw", o.raw, "with what the model said, word for word");
  add_json(*answers, o);

  App* report = add(app, "report", "write a run as one self-contained HTML file, or draw it in the terminal");
  report->add_option("run", o.runs, "a run or execution id, or its beginning; several: side by side")
      ->type_name("RUN")
      ->required();
  add_store(*report, o);
  add_database(*report, o, "read it from that Postgres instead of the store");
  report->add_option("-o,--out", o.out, "the HTML file (default RUN.html in this folder; - for standard output)")
      ->type_name("FILE");
  report->add_flag("--text", o.text, "a forest plot in the terminal instead");
  add_json(*report, o);

  App* verify = add(app, "verify", "recompute a run from its stored answers and compare with what was stored");
  add_run_argument(*verify, o);
  add_json(*verify, o);
}

void add_page(App& command, Options& o) {
  command.add_option("-o,--out", o.out, "also as a self-contained HTML page")->type_name("FILE");
}

void add_coherence_command(App& app, Options& o) {
  App* coherence =
      add(app, "coherence", "whether beliefs about related claims fit together, and what it costs that they do not");
  coherence->add_option("claim", o.flags.claim, "one statement, A")->type_name("CLAIM")->required();
  const auto text = [&](const char* name, std::vector<std::string>& into, const char* what) {
    coherence->add_option(name, into, what)->type_name("CLAIM")->allow_extra_args(false);
  };
  coherence
      ->add_option("--not", o.negation,
                   "its negation (default: by rule, where that is safe; it is printed): p(A) + p(not A) = 1")
      ->type_name("CLAIM");
  text("--paraphrase", o.paraphrases, "the same in other words: equally likely");
  text("--and", o.also, "another claim B: both together at most as likely as either");
  text("--or", o.either, "another claim B: at least one of them at least as likely as either");
  text("--implies", o.implied, "a claim that follows from A: at least as likely");
  add_plan_options(*coherence, o);
  add_ask_options(*coherence, o, "exit with 1 where a rule is broken");
  add_page(*coherence, o);
  add_json(*coherence, o);
}

void add_readouts_command(App& app, Options& o) {
  App* readouts = add(app, "readouts", "the belief as the model writes it, and read off its tokens: do they agree?");
  readouts->add_option("claim", o.flags.claim, "one statement")->type_name("CLAIM")->required();
  add_plan_options(*readouts, o);
  add_ask_options(*readouts, o, "exit with 1 where two readouts differ");
  add_page(*readouts, o);
  add_json(*readouts, o);
}

void add_probe_command(App& app, Options& o) {
  App* probe = add(app, "probe", "what kind of instrument a model is that states probabilities (docs/probe.md)");
  probe
      ->add_option("model", o.flags.model,
                   "as --model of run names it, e.g. openai/NAME, gemini/NAME, typesafe/NAME, openrouter/NAME, "
                   "systemone/NAME")
      ->type_name("MODEL")
      ->required();

  probe->add_flag("--stored", o.stored, "show the profile that was found last; asks nothing");
  probe->add_option("--repeats", o.repeats, "how often each question is asked, from 2 to 50 (default 3)")
      ->type_name("N");

  add_mock(*probe, o);
  add_bank(*probe, o);
  add_base_url(*probe, o);
  add_prices(*probe, o);
  add_store(*probe, o);
  add_spending(*probe, o);

  probe->add_flag("--fresh", o.fresh, "begin anew, although a probe of the model was stopped half-way");
  add_resending(*probe, o);

  probe->add_flag("-q,--quiet", o.quiet, "no progress line");
  add_page(*probe, o);
  add_json(*probe, o);
}

App* add_drift_command(App& drift, Options& o, const char* name, const char* what) {
  App* command = add(drift, name, what);
  command->add_option("file", o.input, "the sentinels: a claim a line or row, in the field 'claim' (.jsonl or .csv)")
      ->type_name("FILE")
      ->required();
  command->add_option("--watch", o.watch, "its name in the store (default: the file's name)")->type_name("NAME");
  command->add_option("--alpha", o.alpha, "1/alpha checks between false alarms, at the least (default 0.0025)")
      ->type_name("X");
  add_page(*command, o);
  add_json(*command, o);
  return command;
}

void add_drift_commands(App& app, Options& o) {
  App* drift = add(app, "drift", "watch sentinel claims: has the model changed its mind?");
  drift->require_subcommand(1);

  App* baseline = add_drift_command(*drift, o, "baseline", "measure the sentinels until each has its baseline");
  baseline->add_option("--runs", o.baseline_runs, "of each sentinel, at least 10 (default 10)")->type_name("N");
  baseline->add_flag("--anew", o.anew, "begin a new baseline; what was measured before stays in the store");
  add_plan_options(*baseline, o);
  add_ask_options(*baseline, o);

  App* check =
      add_drift_command(*drift, o, "check", "measure every sentinel once more; exit with 1 where there is an alarm");
  check->add_option("--webhook", o.webhook, "POST an alarm there as JSON when it begins")->type_name("URL");
  check->add_option("--mail-to", o.mail_to, "mail an alarm when it begins; may be given several times")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  check->add_option("--mail-from", o.mail_from, "the sender")->type_name("ADDRESS");
  check->add_option("--outbox", o.outbox, "where mails wait to be sent by HERETIX_SMTP_URL (default runs/outbox)")
      ->type_name("FOLDER");
  add_plan_options(*check, o);
  add_ask_options(*check, o);

  App* show = add_drift_command(*drift, o, "show", "the state of a watch; asks nothing");
  add_store(*show, o);
}

// The flags by which every command of the service names its database.
void add_service_database(App& command, Options& o) {
  command.add_option("--app-db", o.app_db, "the embedded service's file (default runs/heretix-app.sqlite)")
      ->type_name("FILE");
  add_store(command, o);
  add_database(command, o, "a Postgres database in place of the embedded files");
}

void add_service_options(App& command, Options& o) {
  add_service_database(command, o);
  command.add_option("--prompts", o.flags.prompts, "the folder of prompt banks (RPL_PROMPTS_DIR)")->type_name("FOLDER");
  command.add_option("--checks-at-once", o.checks_at_once, "that this process runs, 1 to 64 (default 2)")
      ->type_name("N");
  command.add_option("--metrics-port", o.metrics_port, "on loopback; 0: any that is free (default 9464)")
      ->type_name("PORT");
  command.add_option("--outbox", o.outbox, "where mails lie while no mail server is set up (default runs/outbox)")
      ->type_name("FOLDER");
}

void add_service_commands(App& app, Options& o) {
  App* serve = add(app, "serve", "the service: API, pages and, unless told otherwise, a worker (docs/operations.md)");
  add_service_options(*serve, o);
  serve->add_option("--host", o.host, "the address to listen at (default 127.0.0.1)")->type_name("ADDRESS");
  serve->add_option("--port", o.port, "0: any that is free (default 8080)")->type_name("PORT");
  serve->add_flag("--no-worker", o.no_worker, "run no jobs here: heretix worker does");

  App* worker = add(app, "worker", "run the service's jobs, beside any number of others");
  add_service_options(*worker, o);

  App* health = add(app, "health", "whether the service of this machine answers; exit with 5 where it does not");
  health->add_option("--port", o.port, "where heretix serve listens (default 8080)")->type_name("PORT");
  health->add_flag("--worker", o.of_worker, "ask a heretix worker, which has only its metrics");
  health->add_option("--metrics-port", o.metrics_port, "of that worker (default 9464)")->type_name("PORT");

  App* user = add(app, "user", "the service's users");
  user->require_subcommand(1);

  const auto add_user_command = [&](App& group, const char* name, const char* what) {
    App* command = add(group, name, what);
    add_service_database(*command, o);
    command->add_option("email", o.input, "the user's mail address")->required()->type_name("EMAIL");
    return command;
  };

  App* list = add(*user, "list", "newest first, with what they used");
  add_service_database(*list, o);
  list->add_option("--most", o.most, "users shown (default 50)")->type_name("N");
  add_json(*list, o);

  add_json(*add_user_command(*user, "show", "one user, with plan and usage"), o);
  App* link = add_user_command(*user, "link", "a sign-in link for that address, as a mail would hold it");
  link->add_option("--port", o.port, "of the embedded service (default 8080)")->type_name("PORT");
  add_user_command(*user, "suspend", "end every session and let no new one begin");
  add_user_command(*user, "resume", "let a suspended user sign in again");
  add_user_command(*user, "delete", "with every check, for good")->add_flag("--yes-destroy", o.yes_destroy, "really");

  App* plan = add(app, "plan", "the service's plans");
  plan->require_subcommand(1);
  add(*plan, "list", "what each allows");
  App* set = add_user_command(*plan, "set", "a higher plan counts at once, a lower one from the next period on");
  set->add_option("plan", o.plan, "trial, starter, core or pro")->required()->type_name("PLAN");
  add_json(*set, o);

  App* usage = add(app, "usage", "checks used of checks allowed, of one user or the newest");
  add_service_database(*usage, o);
  usage->add_option("email", o.input, "the user's mail address")->type_name("EMAIL");
  add_json(*usage, o);
}

void add_calibrate_command(App& app, Options& o) {
  App* calibrate = add(app, "calibrate", "what stated probabilities are worth, on claims whose truth is known");
  calibrate
      ->add_option(
          "file", o.input,
          "CSV with the columns claim and label, and field and level (default: the 300 that come with heretix)")
      ->type_name("FILE");
  calibrate->add_option("--field", o.fields, "only claims of that field; may be given several times")
      ->type_name("FIELD")
      ->allow_extra_args(false);
  calibrate->add_option("--level", o.levels, "only claims of that level, 1 to 3")
      ->type_name("N")
      ->allow_extra_args(false);
  add_plan_options(*calibrate, o);
  add_ask_options(*calibrate, o);
  add_page(*calibrate, o);
  add_json(*calibrate, o);
}

void add_simulate_command(App& app, Options& o) {
  App* simulate =
      add(app, "simulate", "count on drawn claims whether the statistics keep what they promise; 1 where not");
  simulate->add_option("study", o.input, "coverage, stopping, drift, calibration, coherence or decisions")
      ->type_name("STUDY")
      ->required();
  simulate->add_option("--draws", o.draws, "of each row (default: what docs/statistics.md publishes)")->type_name("N");
  simulate->add_option("--seed", o.seed_text, "(default 20261123, of docs/statistics.md)")->type_name("N");
  simulate->add_option("--scale", o.scale_factor, "times the interval's constants, for coverage (default 1)")
      ->type_name("X");
  simulate->add_flag("--markdown", o.markdown, "print the table as Markdown");
  simulate->add_flag("-q,--quiet", o.quiet, "no progress line");
  add_page(*simulate, o);
  add_json(*simulate, o);
}

void add_statistics_commands(App& app, Options& o) {
  add_simulate_command(app, o);
  add_calibrate_command(app, o);
  add_drift_commands(app, o);
  add_service_commands(app, o);
  add_coherence_command(app, o);
  add_readouts_command(app, o);
  add_probe_command(app, o);

  App* variance = add(app, "variance", "where the spread of answers comes from, and what to ask next");
  variance->add_option("run", o.runs, "a run or execution id; several of one claim: one for each model on each day")
      ->type_name("RUN")
      ->required();
  variance
      ->add_option("--wording-cost", o.wording_cost, "of a further wording beyond its answers, in answers (default 0)")
      ->type_name("X");
  add_store(*variance, o);
  add_database(*variance, o, "read from that Postgres instead of the store");
  add_page(*variance, o);
  add_json(*variance, o);

  App* compare = add(app, "compare", "the difference between two measurements, with its interval and what drives it");
  compare
      ->add_option("sides", o.runs,
                   "A and B: run or execution ids, or what the newest of each claim has: model=NAME, bank=VERSION, "
                   "on=YYYY-MM-DD, several joined by commas")
      ->type_name("A B")
      ->expected(2)
      ->required();
  compare->add_option("--claims", o.input, "only the claims in that file (.jsonl or .csv, field 'claim')")
      ->type_name("FILE");
  compare->add_flag("--strict", o.strict, "exit with 1 where they differ");
  add_store(*compare, o);
  add_database(*compare, o, "read from that Postgres instead of the store");
  add_page(*compare, o);
  add_json(*compare, o);
}

App* add_db_command(App& db, Options& o, const char* name, const char* what) {
  App* command = add(db, name, what);
  add_database(*command, o, "which one (default: what APP_ENV says, else local)");
  add_json(*command, o);
  return command;
}

void add_all(App& command, Options& o) {
  command.add_flag("--all", o.all, "local and prod, and whether both have the same revision and shape");
}

void add_steps(App& command, Options& o, const char* to) {
  command.add_option("--to", o.to, to)->type_name("REV");
  command.add_flag("--sql", o.sql, "print the script and change nothing");
  command.add_option("--from", o.from, "with --sql: where it starts (default: asks the database)")->type_name("REV");
  command.add_option("--lock-wait", o.lock_wait, "for another migration to end (default 60)")->type_name("SECONDS");
  add_all(command, o);
}

void add_db_commands(App& app, Options& o) {
  App* db = add(app, "db", "the Postgres databases: one history for local and prod");
  db->require_subcommand(1);

  add_steps(*add_db_command(*db, o, "upgrade", "apply what is missing, a transaction a revision"), o,
            "a revision, its beginning, or head (default head)");
  App* downgrade = add_db_command(*db, o, "downgrade", "go back, one revision unless --to says more");
  add_steps(*downgrade, o, "a revision, its beginning, base, or -1 (default -1)");
  downgrade->add_flag("--yes-destroy", o.yes_destroy, "even where rows are destroyed");

  add_all(*add_db_command(*db, o, "current", "print the revision a database is at"), o);
  add_json(*add(*db, "history", "list the revisions, newest first"), o);
  add_all(*add_db_command(*db, o, "check", "compare the tables with what their revision has; 1 where they differ"), o);
  add_all(*add_db_command(*db, o, "status", "server, encryption, revision, what is missing, shape"), o);

  App* stamp = add_db_command(*db, o, "stamp", "name the revision of a database that has exactly its shape");
  stamp->add_option("revision", o.to, "a revision, its beginning, head or base")->type_name("REV")->required();
  add_db_command(*db, o, "convert", "make a known older shape the present one, its rows carried over");
  add_db_command(*db, o, "catalogue", "print the shape of the tables, a line an object");
  add_all(*add_db_command(*db, o, "psql", "print the psql command that reaches a database"), o);

  add_json(*add(*db, "personal-data",
                "where the service keeps something of a person, and what removal, download and age do with it"),
           o);

  App* import = add_db_command(
      *db, o, "import", "copy a store's runs, samples and executions into Postgres; again adds only what is new");
  import->add_option("file", o.input, "the store, e.g. runs/heretix.sqlite")->type_name("FILE")->required();
}

void add_export_command(App& app, Options& o) {
  App* command = add(app, "export", "publish what was measured as one Parquet dataset, or query it");
  command->add_option("target", o.target, "a folder or s3://BUCKET/PREFIX?region=… (default lake; HERETIX_LAKE)")
      ->type_name("TARGET");
  command
      ->add_option("--from", o.sources,
                   "what to read: store, local, prod (default: the store if it is there, local if DATABASE_URL is set, "
                   "prod if DATABASE_URL_PROD is set)")
      ->type_name("WHAT")
      ->allow_extra_args(false)
      ->delimiter(',');
  command
      ->add_option("--db", o.stores,
                   "a store; may be given several times (default runs/heretix.sqlite below this folder; HERETIX_DB)")
      ->type_name("FILE")
      ->allow_extra_args(false);

  command->add_flag("--no-claims", o.no_claims, "leave out the text of claims, and the JSON that holds it");
  command->add_flag("--full", o.full, "write every month, and take the stores named now for all there is");
  command->add_option("--since", o.since, "look at months from then on; earlier ones stay as they are")
      ->type_name("YYYY-MM");
  command->add_flag("--dry-run", o.dry_run, "say which months would be written, and write nothing");
  command->add_flag("--prune", o.prune, "then remove what older generations alone use");
  command->add_option("--keep", o.keep, "with --prune: how many generations stay (default 2)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));

  command->add_flag("--views", o.views, "then write a DuckDB file of views over the dataset");
  command->add_option("--query", o.query, "export nothing; print the rows of one SELECT, or of a view, of the dataset")
      ->type_name("SQL");
  command->add_option("--format", o.format, "of --query: csv or jsonl (default csv)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"csv", "jsonl"}));
  command->add_option("-o,--out", o.out, "the file of --query (default standard output) or --views")->type_name("FILE");

  command->add_flag("--schema", o.schema, "print the tables and columns of the dataset, and do nothing else");
  command->add_flag("-q,--quiet", o.quiet, "no progress line");
  add_json(*command, o);
}

void add_money_commands(App& app, Options& o) {
  App* costs = add(app, "costs", "what was billed, surely was not, and may have been: by model and day");
  costs->add_option("--since", o.since, "from that day on (UTC)")->type_name("YYYY-MM-DD");
  add_store(*costs, o);
  add_json(*costs, o);
  App* keys = add(app, "keys", "the keys of providers: from the environment, or from a file that only you can read");
  keys->require_subcommand(1);
  App* set = add(*keys, "set", "keep a key, read from standard input, in that file");
  set->add_option("provider", o.input,
                  "openai, anthropic, gemini, xai, openai-compatible, typesafe, openrouter or systemone")
      ->type_name("PROVIDER")
      ->required();
  add_json(*add(*keys, "list", "which providers have a key, and from where"), o);
  add(*keys, "path", "print where that file is");
}

void add_other_commands(App& app, Options& o) {
  App* models = add(app, "models", "list the models that can be asked");
  models->add_flag("--prices", o.show_prices, "print the price list: since when, until when, and what is not known");
  add_json(*models, o);
  App* selftest = add(app, "selftest", "recompute golden numbers made elsewhere and count what differs");
  selftest->add_option("folder", o.input, "of golden files (default: the installed copy)")->type_name("FOLDER");
  add_json(*selftest, o);
  App* completion = add(app, "completion", "print a completion script");
  completion->add_option("shell", o.input, "bash, zsh or fish")->type_name("SHELL")->required();
  add(app, "man", "print the man page (heretix man | man -l -)");
  add(app, "commands", "print the commands as Markdown");
}

}  // namespace

std::shared_ptr<App> make_app(Options& options) {
  auto app = std::make_shared<App>(
      "Heretix measures what a language model believes about a claim.\n"
      "A claim in; a probability with an interval, and a record that anybody can recompute.",
      "heretix");
  app->set_version_flag("--version", "heretix " + std::string(kVersion), "print the version");
  app->require_subcommand(1);
  app->get_formatter()->column_width(34);
  app->footer(
      "Exit codes: 0 done; 1 a difference or a failed gate under --strict; 2 bad input; 3 not found; 4 not allowed;\n"
      "5 unavailable; 6 in doubt; 7 stopped half-way, everything kept (a signal, a budget, a quota); 70 broken.");
  add_asking_commands(*app, options);
  add_reading_commands(*app, options);
  add_statistics_commands(*app, options);
  add_db_commands(*app, options);
  add_export_command(*app, options);
  add_money_commands(*app, options);
  add_other_commands(*app, options);
  return app;
}

}  // namespace heretix
