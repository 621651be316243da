// The SQL of migrations/sqlite, embedded at build time (cmake/embed.cmake).
#pragma once

#include <string_view>

namespace heretix {

inline constexpr int kSchemaNumber = 7;  // of our additional tables

extern const std::string_view kContractSql;  // runs and samples
extern const std::string_view kSchema1Sql;   // heretix_*
extern const std::string_view kSchema2Sql;
extern const std::string_view kSchema3Sql;
extern const std::string_view kSchema4Sql;
extern const std::string_view kSchema5Sql;
extern const std::string_view kSchema6Sql;
extern const std::string_view kSchema7Sql;

}  // namespace heretix
