#include "service/http/page.hpp"

#include <fmt/format.h>

#include "base/html_text.hpp"

namespace heretix::http {

using html::escaped;

std::string paragraph(std::string_view text) { return fmt::format("<p>{}</p>", escaped(text)); }

std::string button_form(std::string_view action, std::string_view label) {
  return fmt::format("<form method=\"post\" action=\"{}\"><button type=\"submit\">{}</button></form>", escaped(action),
                     escaped(label));
}

ServiceResponse page(int status, std::string_view title, const std::string& body) {
  return {
      .status = status,
      .content_type = "text/html; charset=utf-8",
      .body = fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                          "content=\"width=device-width, initial-scale=1\"><title>{} · Heretix</title><link "
                          "rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" "
                          "href=\"/style.css\"></head><body><main><h1>{}</h1>{}</main></body>"
                          "</html>\n",
                          escaped(title), escaped(title), body),
      .headers = {{"Cache-Control", "no-store"}}};
}

}  // namespace heretix::http
