// The functions of libcurl that this program uses. The library is loaded when the first of them is called.
#pragma once

#include <curl/curl.h>

#include "base/lazy_library.hpp"

namespace heretix {

inline constexpr const char* kLibcurl = "libcurl.so.4";

HERETIX_LAZY_FUNCTION(kLibcurl, curl_easy_cleanup);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_easy_getinfo);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_easy_init);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_easy_perform);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_easy_setopt);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_easy_strerror);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_easy_unescape);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_free);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_global_init);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_add_handle);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_assign);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_cleanup);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_info_read);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_init);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_remove_handle);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_setopt);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_socket_action);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_multi_strerror);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_slist_append);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_slist_free_all);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_url);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_url_cleanup);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_url_get);
HERETIX_LAZY_FUNCTION(kLibcurl, curl_url_set);

}  // namespace heretix
