-- Questions people ask of the dataset (docs/analytics.md). checks, samples and executions are the tables without
-- what a stand-in answered (mode MOCK); all_checks, all_samples and all_executions have everything.

CREATE VIEW belief_over_time AS
SELECT claim_hash, claim, model, prompt_version, env, month, created_at, prob_true_rpl, ci_lo, ci_hi, ci_width, K, R, T,
       prob_true_rpl - lag(prob_true_rpl) OVER series AS change
FROM checks
WHERE NOT was_cached
WINDOW series AS (PARTITION BY env, claim_hash, model, prompt_version ORDER BY created_at, check_id)
ORDER BY claim_hash, model, prompt_version, env, created_at, check_id;

CREATE VIEW compliance_by_model AS
SELECT model, count(*) AS checks, avg(rpl_compliance_rate) AS mean_compliance, min(rpl_compliance_rate) AS worst_compliance,
       avg(gate_compliance_ok::INTEGER) AS share_passed
FROM checks
WHERE NOT was_cached
GROUP BY model
ORDER BY mean_compliance, model;

CREATE VIEW width_by_plan AS
SELECT K, R, T, count(*) AS checks, avg(ci_width) AS mean_width, median(ci_width) AS median_width,
       quantile_cont(ci_width, 0.9) AS width_90, avg(gate_precision_ok::INTEGER) AS share_passed
FROM checks
WHERE NOT was_cached
GROUP BY K, R, T
ORDER BY K, R, T;

-- Decisions (docs/decisions.md): how a model that states probabilities leans, and how often it contradicts itself.
CREATE VIEW yes_bias_by_model AS
SELECT model, prompt_version, count(*) AS checks, avg(claim_p + negation_p) AS mean_sum, avg(yes_bias_logit) AS mean_yes_bias,
       avg((yes_bias_lo > 0 OR yes_bias_hi < 0)::INTEGER) AS share_clearly_biased, avg(contradicting_share) AS mean_contradicting
FROM checks
WHERE yes_bias_logit IS NOT NULL AND NOT was_cached
GROUP BY model, prompt_version
ORDER BY model, prompt_version;

-- Sums over what is known; executions_unpriced says how many have a part that is not.
CREATE VIEW cost_by_day AS
SELECT CAST(created_at AT TIME ZONE 'UTC' AS DATE) AS day, env, model, count(*) AS executions, sum(attempts)::BIGINT AS attempts,
       sum(billed_micro_usd) / 1e6 AS usd, count(*) FILTER (WHERE attempts_unpriced > 0) AS executions_unpriced
FROM executions
GROUP BY ALL
ORDER BY day, env, model;

-- Two caches: a check served whole from the result cache, and answers that a measured check found stored.
CREATE VIEW cache_hit_rate AS
SELECT env, month, model, count(*) AS checks, avg(was_cached::INTEGER) AS share_served_from_cache,
       avg(cache_hit_rate) FILTER (WHERE NOT was_cached) AS mean_share_of_answers_stored
FROM checks
GROUP BY ALL
ORDER BY env, month, model;

-- The newest check of each env for the same claim, model and prompts, where both have one of their own.
CREATE VIEW local_against_prod AS
WITH newest AS (
  SELECT env, claim_hash, model, prompt_version, max_by(check_id, (created_at, check_id)) AS check_id
  FROM checks WHERE NOT was_cached GROUP BY ALL)
SELECT l.claim_hash, l.claim, l.model, l.prompt_version, l.prob_true_rpl AS p_local, p.prob_true_rpl AS p_prod,
       p.prob_true_rpl - l.prob_true_rpl AS difference, l.ci_lo <= p.ci_hi AND p.ci_lo <= l.ci_hi AS intervals_overlap
FROM newest nl
JOIN newest np ON nl.env = 'local' AND np.env = 'prod' AND nl.claim_hash = np.claim_hash AND nl.model = np.model
              AND nl.prompt_version = np.prompt_version AND nl.check_id <> np.check_id
JOIN checks l ON l.env = 'local' AND l.check_id = nl.check_id
JOIN checks p ON p.env = 'prod' AND p.check_id = np.check_id
ORDER BY abs(p.prob_true_rpl - l.prob_true_rpl) DESC, l.claim_hash, l.model;
