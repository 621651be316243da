// The one table of commands and flags. Help, man page, shell completion and docs/commands.md are made from it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/settings.hpp"

namespace CLI {
class App;
}

namespace heretix {

struct Options {
  std::vector<std::string> arguments;  // as given, to be passed on to another program
  Settings flags;
  std::vector<std::string> models;  // of run and calibrate: one or several; elsewhere at most one
  std::string seed_text;
  std::string config;
  bool fresh = false;
  bool fixed = false;
  bool resend_unknown = false;
  bool alone = false;   // each statement in a request of its own
  bool stored = false;  // of probe, as the next one
  std::optional<int> repeats;
  bool strict = false;
  bool quiet = false;
  bool progress_events = false;  // as JSON lines on stderr, for a program that calls this one
  bool json = false;
  std::string database;           // local, prod or an address; empty: not given
  std::string run;                // run or execution, of show, answers, verify
  bool show_prices = false;       // of models
  std::vector<std::string> runs;  // of report and variance; the sides of compare
  std::string input;     // of batch, compare, calibrate, drift, simulate; folder of selftest; shell of completion
  std::string negation;  // of coherence, as the next four
  std::vector<std::string> paraphrases, also, either, implied;
  std::string out;                          // of report and the statistics: an HTML page
  std::vector<std::string> fields, levels;  // of calibrate
  std::string recalibrate;                  // a certificate, of run and show
  std::optional<int> draws;                 // of simulate, as the next two
  double scale_factor = 1;
  bool markdown = false;
  std::string watch;  // of drift, as the next eight
  int baseline_runs = 10;
  bool anew = false;
  double alpha = 0.0025;
  std::string webhook, mail_from;
  std::vector<std::string> mail_to;
  std::string outbox = "runs/outbox";
  double wording_cost = 0;           // of variance, in answers
  bool text = false;                 // of report
  bool raw = false;                  // of answers
  int most = 50;                     // of list
  bool all = false;                  // of db: local and prod
  std::string to;                    // of db upgrade and downgrade; revision of db stamp
  std::string from;                  // of db upgrade --sql
  bool sql = false;                  // of db upgrade and downgrade
  bool yes_destroy = false;          // of db downgrade
  int lock_wait = 60;                // of db: seconds
  std::string target;                // of export: a folder or an s3:// address
  std::vector<std::string> sources;  // of export: store, local, prod
  std::vector<std::string> stores;   // of export
  bool no_claims = false;            // of export
  bool full = false;                 // of export
  std::string since;                 // of export and costs
  bool dry_run = false;              // of export
  bool prune = false;                // of export
  int keep = 2;                      // of export --prune: generations
  bool views = false;                // of export
  std::string query;                 // of export
  std::string format = "csv";        // of export --query
  bool schema = false;               // of export
  std::string app_db;                // of serve, worker, user, plan and usage, as the next six
  std::string host = "127.0.0.1";
  int port = 8080;
  int metrics_port = 9464;
  int checks_at_once = 2;
  bool no_worker = false;
  bool of_worker = false;  // of health
  std::string plan;
};

// `options` is filled when the application parses its arguments.
std::shared_ptr<CLI::App> make_app(Options& options);

std::string man_page(const CLI::App& app);
std::string completion_script(const CLI::App& app,
                              const std::string& shell);  // bash, zsh or fish; else Error{bad_input}
std::string command_docs(const CLI::App& app);            // Markdown

}  // namespace heretix
