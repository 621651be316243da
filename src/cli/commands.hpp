// The commands, one function each, which returns the exit code. main.cpp holds the table.
#pragma once

#include "cli/options.hpp"

namespace heretix {

int run_command(const Options& options);
int describe_command(const Options& options);
int batch_command(const Options& options);
int list_command(const Options& options);
int show_command(const Options& options);
int answers_command(const Options& options);
int report_command(const Options& options);
int verify_command(const Options& options);
int models_command(const Options& options);
int db_upgrade_command(const Options& options);
int db_downgrade_command(const Options& options);
int db_current_command(const Options& options);
int db_history_command(const Options& options);
int db_check_command(const Options& options);
int db_status_command(const Options& options);
int db_stamp_command(const Options& options);
int db_convert_command(const Options& options);
int db_catalogue_command(const Options& options);
int db_psql_command(const Options& options);
int db_import_command(const Options& options);
int export_command(const Options& options);
int selftest_command(const Options& options);
int coherence_command(const Options& options);
int readouts_command(const Options& options);
int probe_command(const Options& options);
int variance_command(const Options& options);
int drift_baseline_command(const Options& options);
int drift_check_command(const Options& options);
int drift_show_command(const Options& options);
int calibrate_command(const Options& options);
int simulate_command(const Options& options);
int compare_command(const Options& options);
int costs_command(const Options& options);
int keys_set_command(const Options& options);
int keys_list_command(const Options& options);
int keys_path_command(const Options& options);
int serve_command(const Options& options);
int worker_command(const Options& options);
int health_command(const Options& options);
int user_list_command(const Options& options);
int user_show_command(const Options& options);
int user_link_command(const Options& options);
int user_suspend_command(const Options& options);
int user_resume_command(const Options& options);
int db_personal_data_command(const Options& options);
int user_delete_command(const Options& options);
int plan_list_command(const Options& options);
int plan_set_command(const Options& options);
int usage_command(const Options& options);

}  // namespace heretix
