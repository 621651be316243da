// The banks of one directory, each found by its file's stem or by its own version.
//
// A file that was read is kept, because reading it costs milliseconds and a service needs it for every request. It is
// read again when its size or its time of change differs. Thread-safe; copies share what was read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "belief/prompt/bank.hpp"

namespace heretix {

// The program's own: questions, those with an ending for one word, and statements for models that state a probability.
inline constexpr const char* kQuestionBank = "heretix_v1";
inline constexpr const char* kWordBank = "heretix_words_v1";
inline constexpr const char* kStatementBank = "heretix_decisions_v1";

class PromptBanks {
 public:
  explicit PromptBanks(std::string directory);

  // Throws Error{not_found} naming what there is, Error{bad_input} where the bank is malformed.
  PromptBank get(const std::string& name) const { return *find(name); }
  // The same without a copy. As long as the file is not changed this is the same object each time, so that callers can
  // keep what they made of it.
  std::shared_ptr<const PromptBank> find(const std::string& name) const;

  std::vector<std::string> names() const;  // file stems, sorted
  const std::string& directory() const { return directory_; }

 private:
  struct Kept;
  std::string path_of(const std::string& stem) const;
  std::shared_ptr<const PromptBank> kept(const std::string& path) const;
  std::shared_ptr<const PromptBank> load(const std::string& path) const;

  std::string directory_;
  std::shared_ptr<Kept> kept_;
};

}  // namespace heretix
