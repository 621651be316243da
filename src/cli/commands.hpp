// Registers each command at the table; a command stands in the file of its name, with the struct of its options.
#pragma once

#include "cli/command_table.hpp"

namespace heretix {

void register_demo(CommandTable& table);
void register_run(CommandTable& table);
void register_describe(CommandTable& table);
void register_batch(CommandTable& table);
void register_atlas(CommandTable& table);
void register_reading(CommandTable& table);  // list, show, answers
void register_history(CommandTable& table);
void register_report(CommandTable& table);
void register_verify(CommandTable& table);
void register_simulate(CommandTable& table);
void register_calibrate(CommandTable& table);
void register_drift(CommandTable& table);
void register_serve(CommandTable& table);  // serve, worker
void register_systemone(CommandTable& table);
void register_mcp(CommandTable& table);
void register_health(CommandTable& table);
void register_users(CommandTable& table);  // user, plan, usage
void register_coherence(CommandTable& table);
void register_readouts(CommandTable& table);
void register_probe(CommandTable& table);
void register_variance(CommandTable& table);
void register_compare(CommandTable& table);
void register_db(CommandTable& table);
void register_db_personal_data(CommandTable& table, CLI::App& db);
void register_db_import(CommandTable& table, CLI::App& db);
void register_export(CommandTable& table);
void register_costs(CommandTable& table);
void register_keys(CommandTable& table);
void register_models(CommandTable& table);
void register_selftest(CommandTable& table);
void register_completion(CommandTable& table);
void register_generated(CommandTable& table);  // man, commands

}  // namespace heretix
