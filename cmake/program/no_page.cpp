// In place of the page, for a program that only measures (HERETIX_WHOLE=OFF).
#include "service/http/web_files.hpp"

namespace heretix::http {

std::span<const WebFile> web_files() { return {}; }

}  // namespace heretix::http
