// heretix._core: the estimator and the statistics on arrays, and tables of answers for Arrow. The Python side
// (src/heretix) gives them names, types and words.
#include <fmt/format.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "arrow.hpp"
#include "base/error.hpp"
#include "base/resolution.hpp"
#include "belief/estimate/estimate.hpp"
#include "belief/judge/agreement.hpp"
#include "belief/judge/gates.hpp"
#include "belief/stats/belief_v2.hpp"
#include "belief/stats/calibration.hpp"
#include "belief/stats/components.hpp"
#include "belief/stats/drift.hpp"
#include "belief/stats/honest.hpp"
#include "belief/stats/paired.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace heretix::python {
namespace {

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;
using nlohmann::json;

// Borrowed for as long as the array is.
std::span<const double> values_of(const Array& array) {
  if (array.ndim() != 1)
    throw Error(ErrorKind::bad_input, "the array must have one dimension", "give one value per template");
  return {array.data(), static_cast<std::size_t>(array.size())};
}

// A 2-D array, or any sequence of 1-D ones: a row a template.
std::vector<std::vector<double>> groups_of(const py::object& groups) {
  std::vector<std::vector<double>> all;
  for (const py::handle group : groups) {
    const Array array = Array::ensure(group);
    if (!array) throw py::error_already_set();
    const std::span<const double> values = values_of(array);
    all.emplace_back(values.begin(), values.end());
  }
  return all;
}

std::vector<std::vector<Probability>> probabilities_of(const py::object& groups) {
  std::vector<std::vector<Probability>> all;
  for (const std::vector<double>& group : groups_of(groups)) {
    auto& into = all.emplace_back();
    for (const double p : group) into.emplace_back(p);
  }
  return all;
}

Level level_from(double level) {
  if (level == 0.90) return Level::p90;
  if (level == 0.95) return Level::p95;
  if (level == 0.99) return Level::p99;
  throw Error(ErrorKind::bad_input, "the level must be 0.90, 0.95 or 0.99");
}

py::object interval_of(const std::optional<double>& low, const std::optional<double>& high) {
  if (!low) return py::none();
  return py::make_tuple(*low, *high);
}

py::dict estimate_of(const py::object& groups, std::uint64_t seed, int draws) {
  std::vector<TemplateLogits> templates;
  for (const std::vector<Probability>& group : probabilities_of(groups)) {
    TemplateLogits t{std::to_string(templates.size()), {}};
    for (const Probability p : group) t.logits.push_back(to_logit(p));
    templates.push_back(std::move(t));
  }
  const Estimate e = [&] {
    const py::gil_scoped_release others_go_on;
    return estimate(templates, {.seed = seed, .draws = draws});
  }();
  return py::dict("p"_a = e.p.value(), "interval"_a = py::make_tuple(e.ci95.low.value(), e.ci95.high.value()),
                  "logit"_a = e.center.value(), "logit_interval"_a = py::make_tuple(e.low.value(), e.high.value()),
                  "spread_logit"_a = e.spread_logit, "stability"_a = e.stability, "imbalance"_a = e.imbalance,
                  "counts"_a = e.counts, "method"_a = std::string(kMethod));
}

// What honest_v1 and belief_v2 say of their interval; nothing without one.
void add_bounds(py::dict& out, const HonestInterval& found) {
  if (!found.bounds) return;
  const auto& b = *found.bounds;
  out["interval"] = py::make_tuple(b.interval.low.value(), b.interval.high.value());
  out["sd_logit"] = b.spread_logit;
  out["half_logit"] = b.half_logit;
  out["grid"] = b.grid;
  out["flags"] = b.flags;
}

py::dict honest_of(const py::object& groups, double level, const std::optional<std::pair<double, double>>& frozen) {
  HonestOptions options{.level = level_from(level)};
  if (frozen) options.frozen = Interval{Probability(frozen->first), Probability(frozen->second)};
  const HonestInterval h = honest_interval(probabilities_of(groups), options);
  py::dict out("p"_a = h.p.value(), "logit"_a = h.center.value(), "templates"_a = h.templates, "answers"_a = h.answers,
               "level"_a = h.level, "status"_a = h.status(), "interval"_a = py::none(),
               "method"_a = std::string(kHonestMethod));
  add_bounds(out, h);
  if (h.bounds) out["no_hull"] = py::make_tuple(h.bounds->no_hull.low.value(), h.bounds->no_hull.high.value());
  return out;
}

int decimals_from(double given) {
  if (given >= 0 && given <= 1000 && given == std::floor(given)) return static_cast<int>(given);
  throw Error(ErrorKind::bad_input, fmt::format("{} is not a number of decimals", given),
              "give whole numbers from 0, the zeros at the end counted");
}

// What the answers are read as. Without `decimals`, the shortest decimal that reads back as the same double stands for
// what was written.
std::vector<std::vector<NumberRead>> numbers_of(const py::object& groups, const py::object& decimals) {
  const auto answers = probabilities_of(groups);
  std::vector<std::vector<double>> given;
  if (!decimals.is_none()) {
    given = groups_of(decimals);
    if (!std::ranges::equal(answers, given, {}, std::ranges::size, std::ranges::size))
      throw Error(ErrorKind::bad_input, "groups and decimals must have the same lengths",
                  "give one number of decimals for each answer");
  }

  std::vector<std::vector<NumberRead>> read;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto& into = read.emplace_back();
    for (std::size_t j = 0; j < answers[i].size(); ++j) {
      const Probability p = answers[i][j];
      into.push_back(given.empty() ? read_as_shortest(p) : read_as_written(p, decimals_from(given[i][j])));
    }
  }
  return read;
}

py::dict belief_of(const py::object& groups, const py::object& decimals, double level) {
  const BeliefV2 belief = belief_v2(numbers_of(groups, decimals), {.level = level_from(level)});
  const Agreement agreement = agreement_of(belief);
  const HonestInterval& found = belief.found;
  const std::string verdict =
      agreement.is_stable == false ? no_stable_belief(agreement) : verdict_text(belief.p(), belief.interval());

  py::dict out("p"_a = belief.p().value(), "interval"_a = py::none(), "stable"_a = agreement.is_stable,
               "verdict"_a = verdict, "say_true"_a = agreement.say_true, "say_false"_a = agreement.say_false,
               "undecided"_a = agreement.undecided, "split"_a = agreement.is_split, "logit"_a = found.center.value(),
               "template_logits"_a = belief.template_values, "templates"_a = found.templates,
               "answers"_a = found.answers, "level"_a = found.level, "status"_a = found.status(),
               "method"_a = std::string(kBeliefMethod));
  add_bounds(out, found);
  return out;
}

py::dict centered_of(const CenteredInterval& i) {
  return py::dict("centre"_a = i.center, "interval"_a = interval_of(i.low, i.high));
}

std::vector<LabelledBelief> labelled(const Array& p, const py::array_t<bool>& is_true) {
  const std::span<const double> values = values_of(p);
  if (is_true.ndim() != 1 || static_cast<std::size_t>(is_true.size()) != values.size())
    throw Error(ErrorKind::bad_input, "p and is_true must have the same length");
  std::vector<LabelledBelief> beliefs;
  const auto labels = is_true.unchecked<1>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] >= 0 && values[i] <= 1)) throw Error(ErrorKind::bad_input, "a probability is not in [0, 1]");
    beliefs.push_back({values[i], labels(static_cast<py::ssize_t>(i))});
  }
  return beliefs;
}

py::dict calibration_of(const Array& p, const py::array_t<bool>& is_true) {
  const CalibrationScores s = calibration_scores(labelled(p, is_true));
  return py::dict("brier"_a = s.brier, "log_score"_a = s.log_score, "miscalibration"_a = s.miscalibration,
                  "discrimination"_a = s.discrimination, "uncertainty"_a = s.uncertainty,
                  "spiegelhalter_z"_a = s.spiegelhalter_z, "squared_error_debiased"_a = s.squared_error_debiased);
}

void add_json(Column& column, const json& value) {
  if (value.is_null()) return column.add_null();
  switch (column.type) {
    case Type::float64: return column.add(value.get<double>());
    case Type::int64:
    case Type::seconds_utc: return column.add(value.get<std::int64_t>());
    case Type::boolean: return column.add(value.get<bool>());
    case Type::text: return column.add(std::string_view(value.get_ref<const std::string&>()));
  }
}

// Rows as objects; a field that a row lacks is null. They come as one JSON array of all rows, or as any number of
// arrays of some rows, so that a table of many never stands in memory as text.
Table table_of(const py::object& rows, const std::vector<std::pair<std::string, std::string>>& fields) {
  const std::map<std::string, Type> types = {{"float64", Type::float64},
                                             {"int64", Type::int64},
                                             {"bool", Type::boolean},
                                             {"text", Type::text},
                                             {"time", Type::seconds_utc}};
  std::vector<Column> columns;
  for (const auto& [name, type] : fields) {
    columns.emplace_back();
    columns.back().name = name;
    columns.back().type = types.at(type);
  }

  const auto add = [&columns](const std::string& some) {
    for (const json& row : json::parse(some)) {
      for (Column& column : columns) add_json(column, row.value(column.name, json()));
    }
  };
  if (py::isinstance<py::str>(rows)) {
    add(rows.cast<std::string>());
  } else {
    for (const py::handle some : rows) add(some.cast<std::string>());
  }
  return Table(std::move(columns));
}

// A view of the column's own memory, which keeps the table alive; only of numbers without nulls.
py::array view_of(const py::object& self, const std::string& name) {
  const Column& c = self.cast<const Table&>().column(name);
  const auto rows = static_cast<py::ssize_t>(c.rows);
  const bool is_number = c.type == Type::float64 || c.type == Type::int64;
  if (!is_number || c.nulls > 0)
    throw Error(ErrorKind::bad_input, "the column '" + name + "' contains nulls or is not numeric", "use to_arrow()");
  py::array view = c.type == Type::float64 ? py::array(py::array_t<double>({rows}, c.reals.data(), self))
                                           : py::array(py::array_t<std::int64_t>({rows}, c.integers.data(), self));
  view.attr("setflags")("write"_a = false);
  return view;
}

void bind_statistics(py::module_& m) {
  m.def("belief", &belief_of, "groups"_a, "decimals"_a = py::none(), "level"_a = 0.95);
  m.def("estimate", &estimate_of, "groups"_a, "seed"_a, "draws"_a = kDefaultDraws);
  m.def("honest_interval", &honest_of, "groups"_a, "level"_a = 0.95, "frozen"_a = py::none());
  m.def(
      "centred_interval",
      [](const Array& d, double level) {
        return centered_of(trimmed_spread_interval(values_of(d), level_from(level)));
      },
      "differences"_a, "level"_a = 0.95);
  m.def(
      "sign_flip_p", [](const Array& d, std::uint64_t seed) { return sign_flip_p(values_of(d), seed); },
      "differences"_a, "seed"_a = 0);
  m.def(
      "welch",
      [](const Array& a, const Array& b, double level) {
        const Welch w = welch_interval(values_of(a), values_of(b), level_from(level));
        py::dict out = centered_of(w.interval);
        out["p_value"] = w.p_value;
        return out;
      },
      "a"_a, "b"_a, "level"_a = 0.95);
  m.def(
      "benjamini_hochberg",
      [](const Array& p) {
        const std::vector<double> adjusted = benjamini_hochberg(values_of(p));
        return py::array_t<double>(static_cast<py::ssize_t>(adjusted.size()), adjusted.data());
      },
      "p"_a);
  m.def(
      "wording_variance",
      [](const py::object& logits) {
        const WordingVariance v = wording_variance(groups_of(logits));
        return py::dict("wording"_a = v.wording, "replicate"_a = v.replicate,
                        "harmonic_replicates"_a = v.harmonic_replicates);
      },
      "logits"_a);
  m.def("best_replicates", &best_replicates, "wording"_a, "replicate"_a, "wording_cost"_a = 1.0, "answer_cost"_a = 1.0);
  m.def("calibration_scores", &calibration_of, "p"_a, "is_true"_a);
  py::class_<DriftDetector>(m, "DriftDetector", "Rank e-detector over at least 10 baseline values (docs/drift.md).")
      .def(py::init([](const Array& baseline) { return DriftDetector(values_of(baseline)); }), "baseline"_a)
      .def("add", &DriftDetector::add, "x"_a)
      .def_property_readonly("value", &DriftDetector::value);
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  static py::handle error = py::exception<Error>(m, "InputError", PyExc_ValueError).release();
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Error& e) {
      const std::string text = e.what() + (e.hint().empty() ? std::string() : " (" + e.hint() + ")");
      PyErr_SetString(error.ptr(), text.c_str());
    } catch (const json::exception& e) { PyErr_SetString(PyExc_ValueError, e.what()); }
  });
  bind_statistics(m);
  py::class_<Table>(m, "Table")
      .def(py::init(&table_of), "rows"_a, "fields"_a)
      .def("__len__", &Table::rows)
      .def_property_readonly("column_names", &Table::names)
      .def(
          "view", [](const py::object& self, const std::string& name) { return view_of(self, name); }, "name"_a)
      .def("__arrow_c_schema__", &Table::schema)
      .def(
          "__arrow_c_array__", [](const Table& t, const py::object&) { return t.array(); },
          "requested_schema"_a = py::none())
      .def(
          "__arrow_c_stream__", [](const Table& t, const py::object&) { return t.stream(); },
          "requested_schema"_a = py::none());
}

}  // namespace heretix::python
