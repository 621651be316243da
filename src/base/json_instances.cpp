#include "base/json_instances.hpp"

HERETIX_JSON_INSTANCES(template class);
