"""data/prices.json beside genai-prices, which reads the providers' pages: whatever both know is equal, or named here with why."""
import datetime
import json
import os
import pathlib
import unittest

import genai_prices.data
from genai_prices.types import TieredPrices

PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google", "xai": "x-ai"}
FIELDS = {"input": "input_mtok", "cached_input": "cache_read_mtok", "cache_write": "cache_write_mtok", "cache_write_long": "cache_write_1h_mtok", "output": "output_mtok"}
CONTEXTS = {"batch": {"processing": "batch"}, "flex": {"service_tier": "flex"}, "priority": {"service_tier": "priority"}, "ultrafast": {"service_tier": "ultrafast"}}
DAYS = ("2026-11-28", "2026-12-01", "2027-01-01")
LENGTHS = (1, 100_000, 100_001, 199_999, 200_000, 200_001, 272_000, 272_001, 1_000_000)  # around each length at which prices change

# Models that genai-prices does not know, and where their prices are from.
ONLY_OURS = {
    "openai/gpt-6.2-astra": "named by the OpenAI SDK; nobody has its price, and neither have we",
    "openai/gpt-6.2-sol": "named by the OpenAI SDK; nobody has its price, and neither have we",
    "gemini/gemini-4-hydrogen": "litellm 1.110.2 has it",
    "gemini/gemini-decision-1": "articles about its announcement of 11 November 2026",
}

# What we know beside genai-prices of models that both know: (tier, field), and where it is from.
BESIDE = {
    ("typesafe", "output"): "decision models write nothing, and output is free: typesafe-sdk 0.7.5",
    ("openrouter", "output"): "decision models write nothing, and output is free: OpenRouter's guide to Jev",
    ("openai", "cache_write_long"): "the write that is kept for 12 hours: litellm 1.110.2",
    ("openai", "ultrafast"): "litellm 1.110.2",
    ("gemini", "flex"): "litellm 1.110.2, and the comments of genai-prices",
    ("gemini", "priority"): "litellm 1.110.2, and the comments of genai-prices",
}

# Values that differ: (model, tier, field), and why ours is right. None does.
DIFFERENT = {}


def theirs_at(value, length):
    if not isinstance(value, TieredPrices):
        return None if value is None else float(value)
    found = value.base
    for tier in value.tiers:
        if length > tier.start:
            found = tier.price
    return float(found)


def ours_at(tariff, field, length):
    found = tariff.get(field)
    for longer in tariff.get("long_prompts", []):
        if length >= longer["from_tokens"]:
            found = longer.get(field)
    return found


def context_of(provider, tier):
    if tier == "fast":
        return {"speed": "fast"} if provider == "anthropic" else {"service_tier": "fast"}
    return CONTEXTS[tier]


class PriceList(unittest.TestCase):
    def setUp(self):
        source = pathlib.Path(os.environ["HERETIX_SOURCE"])
        self.list = json.loads((source / "data/prices.json").read_text())
        self.theirs = {p.id: p for p in genai_prices.data.providers}

    def known_to_both(self):
        for entry in self.list["models"]:
            provider, name = entry["model"].split("/", 1)
            of_provider = self.theirs.get(PROVIDERS.get(provider, provider))
            model = next((m for m in of_provider.models if m.is_match(name)), None) if of_provider else None
            if model is not None and entry["prices"]:
                yield entry, provider, model

    def period_on(self, entry, day):
        valid = [p for p in entry["prices"] if p.get("from", "") <= day]
        return valid[-1] if valid else None

    def tariffs(self, entry, provider, model, day):
        """Tier, our tariff or None, their prices or None."""
        period = self.period_on(entry, day)
        when = datetime.datetime.fromisoformat(day + "T12:00:00+00:00")
        yield "standard", period, model.get_prices(when)
        for tier in ("batch", "flex", "priority", "fast", "ultrafast"):
            context = context_of(provider, tier)
            has = any(v.when == context and (v.constraint is None or v.constraint.active(when)) for v in model.price_variants or ())
            yield tier, period.get("tiers", {}).get(tier), model.get_prices(when, context) if has else None

    def test_every_price_that_both_know_is_equal_or_named_here(self):
        different, beside, compared = {}, set(), 0
        for entry, provider, model in self.known_to_both():
            for day in DAYS:
                for tier, ours, theirs in self.tariffs(entry, provider, model, day):
                    if theirs is None and ours is not None:
                        beside.add((provider, tier))
                        continue
                    if theirs is None:
                        continue
                    for field, key in FIELDS.items():
                        for length in LENGTHS:
                            a, b = ours_at(ours or {}, field, length), theirs_at(getattr(theirs, key), length)
                            compared += 1
                            if b is None and a is not None:
                                beside.add((provider, field))
                            elif a != b:
                                different.setdefault((entry["model"], tier, field), []).append((day, length, a, b))
        self.assertEqual(different.keys(), DIFFERENT.keys(), different)
        self.assertEqual(beside, BESIDE.keys())
        self.assertGreater(compared, 15_000)

    def test_models_that_only_we_know_are_named_here(self):
        both = {entry["model"] for entry, _, _ in self.known_to_both()}
        self.assertEqual({e["model"] for e in self.list["models"]} - both, ONLY_OURS.keys())
        self.assertGreaterEqual(len(both), 68)

    def test_a_changed_price_would_be_seen(self):
        """The comparison can fail: a boundary that is off by one is seen."""
        entry = next(e for e in self.list["models"] if e["model"] == "xai/grok-4.3")
        model = next(m for e, _, m in self.known_to_both() if e is entry)
        when = datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)
        period = self.period_on(entry, "2026-11-28")
        self.assertEqual(ours_at(period, "input", 200_000), theirs_at(model.get_prices(when).input_mtok, 200_000))
        period["long_prompts"][0]["from_tokens"] += 1
        self.assertNotEqual(ours_at(period, "input", 200_000), theirs_at(model.get_prices(when).input_mtok, 200_000))


if __name__ == "__main__":
    unittest.main()
