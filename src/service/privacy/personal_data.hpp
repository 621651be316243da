// The one list of every place in which the service keeps something of a person, and of what becomes of it.
//
// Deletion, download, retention and `heretix db personal-data` read it, and so do the tests, which fail where a
// migration adds a table or a column that is not named here. It is plain data: what it means is done by
// service/privacy/removal.hpp and service/privacy/download.hpp.
#pragma once

#include <chrono>
#include <span>
#include <string_view>

#include "base/word_table.hpp"

namespace heretix {

enum class KeptIn {
  service,  // tables of the service: its Postgres database, or the embedded service's file
  answers,  // tables of measurements: the same Postgres database, or the harness file that the command line uses too
  harness,  // tables that only a harness file has
  files     // a folder beside the embedded service's files
};
inline constexpr WordTable<KeptIn, 4> kKeptInWords{{{KeptIn::service, "service"},
                                                    {KeptIn::answers, "answers"},
                                                    {KeptIn::harness, "harness"},
                                                    {KeptIn::files, "files"}}};
constexpr std::string_view to_word(KeptIn where) { return kKeptInWords.word(where); }

// When a person's account, or one of their checks, is removed.
enum class OnRemoval {
  stays,        // it says nothing of a person, or `note` says why it may stay
  goes,         // at once
  goes_unless,  // another check counts it: then it stays, with nothing that points to the person
  is_unnamed    // the row stays for the accounts, without what names the question or the person
};
inline constexpr WordTable<OnRemoval, 4> kOnRemovalWords{
    {{OnRemoval::stays, "stays"},
     {OnRemoval::goes, "goes"},
     {OnRemoval::goes_unless, "goes unless another check counts it"},
     {OnRemoval::is_unnamed, "stays without a name"}}};
constexpr std::string_view to_word(OnRemoval what) { return kOnRemovalWords.word(what); }

// Rows that are forgotten by their age, whatever else happens. `rows` is an SQL condition with :ago.
struct Forgetting {
  std::string_view rows;
  std::chrono::seconds age;
};

struct PersonalPlace {
  KeptIn kept_in;
  std::string_view table;
  std::string_view personal;  // columns that name a person or hold what they wrote, separated by blanks
  std::string_view other;     // every other column
  OnRemoval on_removal;
  // SQL conditions for a person's rows; left out: there are none of that kind. {checks} stands for a SELECT of ids of
  // checks, :user for the user's id, :address for the keyed hash of their mail address; of measurements, :execution is
  // one that was made for a check.
  std::string_view of_checks{};
  std::string_view of_user{};
  // Columns that a download leaves out, because a copy of them would sign somebody in; "*": the table is left out.
  std::string_view withheld{};
  std::span<const Forgetting> forgetting{};
  std::string_view note{};
};

// In the order of removal: what points to something goes before it.
std::span<const PersonalPlace> personal_places();

}  // namespace heretix
