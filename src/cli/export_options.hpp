// The options of `heretix export`, which heretix-export takes as they are: Arrow costs every start 6 ms and 11 MB, so
// what needs it is a program of its own.
#pragma once

#include "cli/command_table.hpp"

namespace heretix {

struct ExportCommandOptions : CommonOptions {
  std::string target;                // a folder or an s3:// address
  std::vector<std::string> sources;  // store, local, prod
  std::vector<std::string> stores;
  bool no_claims = false;
  bool full = false;
  std::string since;
  bool dry_run = false;
  bool prune = false;
  int keep = 2;  // generations, of --prune
  bool views = false;
  std::string query;
  std::string format = "csv";  // of --query
  std::string results;         // JSON lines of a batch, which become one file
  bool schema = false;
};

void register_export(CommandTable& table, int (*command)(const ExportCommandOptions&));

}  // namespace heretix
