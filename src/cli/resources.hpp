// Files that come with the program: prompt banks, the default model, golden numbers.
//
// They are looked for at ../share/heretix beside the folder of the program. So an installed program finds them from any
// folder, and so does the one in the build tree, where CMake puts links.
#pragma once

#include <string>

namespace heretix {

std::string prompts_folder();
std::string golden_folder();
std::string labelled_claims_file();
std::string sentinels_file();             // of drift, where no other file is named
std::string embedded_certificate_file();  // of the default model; need not be there
std::string export_program();             // heretix-export, beside this program
std::string duckdb_program();             // ../lib/heretix/duckdb

// The default model's file. Throws Error{not_found} with how to get it.
std::string default_model_path();

// Whether `path` leads to the very file of default_model_path(). Throws nothing.
bool is_default_model(const std::string& path);

// Whether results show the default model by this name, e.g. "llama/SmolLM2-135M-Instruct.Q4_1". Throws nothing.
bool is_default_model_name(const std::string& name);

}  // namespace heretix
