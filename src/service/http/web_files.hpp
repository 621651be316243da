// The files of the web page, as the build packed them into the program (web/, cmake/web.cmake).
#pragma once

#include <span>
#include <string_view>

namespace heretix::http {

struct WebFile {
  std::string_view path;  // "index.html", "assets/index-1a2b3c4d.js"
  std::string_view content_type;
  std::string_view text;
  std::string_view gzip;  // the same, packed; empty where packing saves nothing
};

std::span<const WebFile> web_files();  // linked into the program only

}  // namespace heretix::http
