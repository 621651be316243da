#include "service/privacy/personal_data.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "belief/record/measured_columns.hpp"

namespace heretix {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr std::string_view kLeftOut = "*";

constexpr std::string_view kOfTheseChecks = "check_id IN ({checks})";
constexpr std::string_view kOfTheUser = "user_id = :user";

// The claims of a set whose checks all go.
constexpr std::string_view kClaimsWithoutOtherChecks =
    "(set_id, number) IN (SELECT k.set_id, k.number FROM set_checks k WHERE k.check_id IN ({checks})) AND NOT EXISTS "
    "(SELECT 1 FROM set_checks k WHERE k.set_id = set_claims.set_id AND k.number = set_claims.number AND k.check_id "
    "NOT IN ({checks}))";

// The transaction that makes a set writes it before its checks, and nobody else sees it before it ends.
constexpr std::array kEmptySets = {Forgetting{
    "created_at < later(:ago) AND NOT EXISTS (SELECT 1 FROM set_checks k WHERE k.set_id = sets.id)", days(1)}};
constexpr std::array kClaimsOfEmptySets = {
    Forgetting{"set_id IN (SELECT s.id FROM sets s WHERE s.created_at < later(:ago) AND NOT EXISTS (SELECT 1 FROM "
               "set_checks k WHERE k.set_id = s.id))",
               days(1)}};
constexpr std::array kOldProgress = {Forgetting{"kind = 'progress' AND created_at < later(:ago)", days(30)}};
constexpr std::array kOldKeys = {Forgetting{"created_at < later(:ago)", days(1)}};
constexpr std::array kOldJobs = {Forgetting{"state IN ('done', 'cancelled') AND finished_at < later(:ago)", days(7)},
                                 Forgetting{"state = 'dead' AND finished_at < later(:ago)", days(90)}};
constexpr std::array kUnusedResults = {Forgetting{"last_used_at < later(:ago)", days(180)}};
constexpr std::array kVerifiersOfNoLink = {
    Forgetting{"selector NOT IN (SELECT selector FROM email_tokens WHERE expires_at > later(:ago))", days(1)}};
constexpr std::array kOldLinks = {Forgetting{"expires_at < later(:ago)", days(1)}};
constexpr std::array kOverSessions = {Forgetting{"expires_at < later(:ago)", days(1)},
                                      Forgetting{"last_seen_at < later(:ago)", days(8)}};
constexpr std::array kOldEvents = {Forgetting{"created_at < later(:ago)", days(30)}};
constexpr std::array kOldVisitors = {Forgetting{"created_at < later(:ago)", days(400)}};
constexpr std::array kOldRates = {Forgetting{"scope <> 'link.signed-in' AND happened_at < later(:ago)", days(2)},
                                  Forgetting{"happened_at < later(:ago)", days(90)}};

constexpr std::array kOldCounts = {Forgetting{"started_at < later(:ago)", days(1)}};

// The columns of a measurement, behind those that name its row.
struct NamedColumns {
  std::string personal, other;
};

NamedColumns with_measured(NamedColumns columns, bool of_runs) {
  for (const MeasuredColumn& column : measured_columns()) {
    if (of_runs && !column.is_in_runs) continue;
    (column.is_personal ? columns.personal : columns.other) += fmt::format(" {}", column.name);
  }
  return columns;
}

const NamedColumns kOfChecks = with_measured({"id run_id user_id", "env created_at finished_at"}, false);
const NamedColumns kOfRuns = with_measured({"run_id", "created_at"}, true);

const std::array kPlaces = {
    // What hangs on a check.
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "check_events",
                  .personal = "check_id payload",
                  .other = "number kind created_at",
                  .on_removal = OnRemoval::goes,
                  .of_checks = kOfTheseChecks,
                  .forgetting = kOldProgress,
                  .note = "the events of a check's stream"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "idempotency_keys",
                  .personal = "owner idempotency_key body_sha256 response",
                  .other = "status created_at",
                  .on_removal = OnRemoval::goes,
                  .of_checks = "response IN (SELECT CAST(x.id AS text) FROM ({checks}) x)",
                  .of_user = "owner = :user",
                  .forgetting = kOldKeys,
                  .note = "the owner is a user, or the keyed hash of a visitor's cookie"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "jobs",
                  .personal = "unique_key payload error",
                  .other = "id kind state run_at lease_until lease_token attempt created_at finished_at",
                  .on_removal = OnRemoval::goes,
                  .of_checks = "kind = 'check' AND unique_key IN (SELECT CAST(x.id AS text) FROM ({checks}) x)",
                  .of_user = "kind = 'mail.link' AND substr(unique_key, 1, 64) = :address",
                  .withheld = "lease_token",
                  .forgetting = kOldJobs,
                  .note = "the payload of a job that is done or cancelled is emptied at once"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "result_cache",
                  .personal = "run_id user_id payload",
                  .other = "id result_key env created_at last_used_at",
                  .on_removal = OnRemoval::goes,
                  .of_checks = "run_id IN (SELECT c.run_id FROM checks c WHERE c.id IN ({checks}))",
                  .of_user = kOfTheUser,
                  .forgetting = kUnusedResults},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "set_claims",
                  .personal = "set_id claim tags truth",
                  .other = "number line",
                  .on_removal = OnRemoval::goes,
                  .of_checks = kClaimsWithoutOtherChecks,
                  .of_user = "set_id IN (SELECT id FROM sets WHERE user_id = :user)",
                  .forgetting = kClaimsOfEmptySets,
                  .note = "goes with the last check of the claim in its set"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "checks",
                  .personal = kOfChecks.personal,
                  .other = kOfChecks.other,
                  .on_removal = OnRemoval::goes,
                  .of_checks = "id IN ({checks})",
                  .of_user = kOfTheUser,
                  .note = "by HERETIX_KEEP_DAYS"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "check_requests",
                  .personal = "check_id request visitor_id ledger_id execution_id result_key error share_id",
                  .other = "state charged_to cancel_requested lease_token error_kind last_event created_at updated_at",
                  .on_removal = OnRemoval::goes,
                  .of_checks = kOfTheseChecks,
                  .withheld = "lease_token",
                  .note = "goes with its check"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "set_checks",
                  .personal = "set_id check_id figures",
                  .other = "number model billed_micro_usd",
                  .on_removal = OnRemoval::goes,
                  .of_checks = kOfTheseChecks,
                  .note = "goes with its check"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "check_records",
                  .personal = "execution_id record",
                  .other = "measured_at",
                  .on_removal = OnRemoval::goes_unless,
                  .of_checks = "execution_id = :execution",
                  .note = "stays while a check shows it"},

    // What hangs on a user.
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "sets",
                  .personal = "id user_id name request",
                  .other = "models claims created_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .forgetting = kEmptySets,
                  .note = "goes a day after its last check, if not before"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "repeats",
                  .personal = "id user_id claim wish last_check_id trouble",
                  .other = "model every_days runs next_at created_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .note = "goes when its owner ends it, or with the account"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "api_keys",
                  .personal = "id user_id name",
                  .other = "created_at last_used_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .note = "the id is a keyed hash of the key; goes when it is revoked, or with the account"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "decisions",
                  .personal = "id user_id question_key state question answer record ledger_id",
                  .other = "model kind wordings created_at answered_at last_asked_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .note = "what programs asked by the System One API; by HERETIX_KEEP_DAYS"},
    PersonalPlace{
        .kept_in = KeptIn::service,
        .table = "decision_executions",
        .personal = "execution_id question_key",
        .other = "created_at",
        .on_removal = OnRemoval::goes_unless,
        .withheld = kLeftOut,
        .note = "which executions were measured for a question; stays while somebody has a decision about it"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "failed_verifiers",
                  .personal = "selector",
                  .other = "failures",
                  .on_removal = OnRemoval::goes,
                  .of_user = "selector IN (SELECT selector FROM email_tokens WHERE user_id = :user)",
                  .withheld = "selector",
                  .forgetting = kVerifiersOfNoLink},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "email_tokens",
                  .personal = "id user_id selector verifier_hash",
                  .other = "created_at expires_at consumed_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .withheld = "selector verifier_hash",
                  .forgetting = kOldLinks},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "sessions",
                  .personal = "id user_id user_agent",
                  .other = "created_at last_seen_at expires_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .forgetting = kOverSessions,
                  .note = "the id is a keyed hash of the cookie"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "usage_ledger",
                  .personal = "id user_id",
                  .other = "period_start period_end plan checks_allowed checks_used updated_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .note = "kept as long as the account"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "billing_accounts",
                  .personal = "user_id customer_id customer_account subscription_id newest_event",
                  .other = "subscription_created status plan period_end",
                  .on_removal = OnRemoval::goes,
                  .of_user = kOfTheUser,
                  .note = "kept as long as the account"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "rate_events",
                  .personal = "subject",
                  .other = "id scope happened_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = "scope LIKE 'link.%' AND substr(subject, 1, 32) = substr(:address, 1, 32)",
                  .withheld = kLeftOut,
                  .forgetting = kOldRates,
                  .note = "keyed hashes, which identify nobody: of addresses together with who asked for their links, "
                          "and of networks"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "users",
                  .personal = "id email",
                  .other = "plan status created_at updated_at",
                  .on_removal = OnRemoval::goes,
                  .of_user = "id = :user"},

    PersonalPlace{
        .kept_in = KeptIn::service,
        .table = "rate_counts",
        .personal = "subject",
        .other = "scope started_at used",
        .on_removal = OnRemoval::stays,
        .withheld = kLeftOut,
        .forgetting = kOldCounts,
        .note = "keyed hashes, which identify nobody; they stay so that closing an account does not reset a limit"},

    // What names nobody.
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "anonymous_visitors",
                  .personal = "id",
                  .other = "checks_used created_at",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .forgetting = kOldVisitors,
                  .note = "the keyed hash of a cookie; nothing leads from a user to it"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "webhook_events",
                  .personal = "payload customer_hash",
                  .other = "id kind created_at",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .forgetting = kOldEvents,
                  .note = "which events of the payment service were accepted; one whose customer is not known yet "
                          "waits under a keyed hash"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "daily_spending",
                  .personal = "",
                  .other = "scope day micro_usd",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .note = "sums"},
    PersonalPlace{.kept_in = KeptIn::service,
                  .table = "alembic_version",
                  .personal = "",
                  .other = "version_num",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut},

    // Measurements, which several checks may share. They are found by the executions of a person's checks.
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_execution_samples",
                  .personal = "execution_id cache_key",
                  .other = "position attempt from_store attempt_in_file",
                  .on_removal = OnRemoval::goes_unless,
                  .withheld = kLeftOut},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_executions",
                  .personal = "execution_id run_id owner claim config_json record_json record_sha256",
                  .other = "status created_at finished_at model mode prompt_version bank_content_sha256",
                  .on_removal = OnRemoval::goes_unless,
                  .of_checks = "execution_id = :execution",
                  .note = "with HERETIX_KEEP_DAYS as old as the youngest check that shows it"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_answers",
                  .personal = "cache_key execution_id raw_text raw_sha256 response_id logprobs",
                  .other = "attempt usable reason prob_true provider provider_model_id tokens_in tokens_out latency_ms "
                           "created_at finish tokens_cached tokens_cache_written tokens_reasoning billed_pico_usd",
                  .on_removal = OnRemoval::goes_unless,
                  .of_checks = "cache_key IN (SELECT s.cache_key FROM heretix_execution_samples s WHERE s.execution_id "
                               "= :execution) OR execution_id = :execution"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "samples",
                  .personal = "run_id cache_key prompt_sha256 response_id",
                  .other = "paraphrase_idx replicate_idx prob_true logit provider_model_id created_at tokens_out "
                           "latency_ms json_valid",
                  .on_removal = OnRemoval::goes_unless,
                  .withheld = kLeftOut,
                  .note = "the same answers, without their texts"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_decisions",
                  .personal = "decision_id decision_key state question_json bank_json answer_json",
                  .other = "model mode form method bank wordings created_at program_version",
                  .on_removal = OnRemoval::goes_unless,
                  .of_checks = "decision_id = :execution",
                  .note = "choices and scores as they were measured; what the operator's command systemone measured "
                          "stays, unless somebody asked the service the same"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_attempts",
                  .personal = "cache_key execution_id error",
                  .other = "attempt provider model started_at max_cost_micro_usd outcome finished_at billed_micro_usd",
                  .on_removal = OnRemoval::is_unnamed,
                  .withheld = kLeftOut,
                  .note = "what was paid stays in the accounts, under a name that identifies nobody"},
    PersonalPlace{.kept_in = KeptIn::harness,
                  .table = "runs",
                  .personal = kOfRuns.personal,
                  .other = kOfRuns.other,
                  .on_removal = OnRemoval::goes_unless,
                  .withheld = kLeftOut,
                  .note = "a recipe that another execution measured too stays"},
    PersonalPlace{.kept_in = KeptIn::files,
                  .table = "artifacts/EXECUTION.json",
                  .personal = "*",
                  .other = "",
                  .on_removal = OnRemoval::goes_unless,
                  .withheld = kLeftOut,
                  .note = "beside the harness file: an execution with its bank and answers"},
    PersonalPlace{.kept_in = KeptIn::files,
                  .table = "outbox/*.eml",
                  .personal = "*",
                  .other = "",
                  .on_removal = OnRemoval::goes,
                  .withheld = kLeftOut,
                  .note = "sign-in mails if no mail server is set up; they are removed after a day in any case"},

    // Measurements that no check of the service makes, and what names no question.
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_batches",
                  .personal = "",
                  .other =
                      "batch_id provider_batch_id provider model run_id execution_id state submitted_at fetched_at "
                      "note",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .note = "of the operator's commands: the service hands over no batches"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_batch_questions",
                  .personal = "",
                  .other = "batch_id cache_key attempt",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .note = "of the operator's commands"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_drift_measurements",
                  .personal = "",
                  .other = "watch epoch claim_hash number is_baseline execution_id recorded_at",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .note = "of the operator's commands; an execution that a watch counts stays"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_banks",
                  .personal = "content_sha256 version bank_json",
                  .other = "",
                  .on_removal = OnRemoval::goes_unless,
                  .of_checks = "content_sha256 IN (SELECT e.bank_content_sha256 FROM heretix_executions e WHERE "
                               "e.execution_id = :execution)",
                  .note = "wordings without claims, which stay; those of a decision with its state, which go with it"},
    PersonalPlace{.kept_in = KeptIn::answers,
                  .table = "heretix_server_refusals",
                  .personal = "",
                  .other = "address model parameter value sent_with refused_at message",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .note = "what a model's server does not take"},
    PersonalPlace{.kept_in = KeptIn::harness,
                  .table = "heretix_probes",
                  .personal = "",
                  .other = "probe_id address model mode design started_at finished_at program_version profile_json",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .note = "what a model was found to be, by claims of the program's own"},
    PersonalPlace{.kept_in = KeptIn::harness,
                  .table = "heretix_certificates",
                  .personal = "",
                  .other = "model mode readout labels_sha256 made_at program_version certificate_json",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut,
                  .note = "of the operator's commands: what a model's probabilities are worth, by labelled claims"},
    PersonalPlace{.kept_in = KeptIn::harness,
                  .table = "heretix_meta",
                  .personal = "",
                  .other = "key value",
                  .on_removal = OnRemoval::stays,
                  .withheld = kLeftOut}};

}  // namespace

std::span<const PersonalPlace> personal_places() { return kPlaces; }

}  // namespace heretix
