#include "models/batch_api.hpp"

namespace heretix {

std::unique_ptr<BatchApi> Provider::batch_api() { return nullptr; }

}  // namespace heretix
