// The functions of libpq that this program uses. The library is loaded when the first of them is called.
#pragma once

#include <libpq-fe.h>

#include "base/lazy_library.hpp"

namespace heretix {

inline constexpr const char* kLibpq = "libpq.so.5";

HERETIX_LAZY_FUNCTION(kLibpq, PQbackendPID);
HERETIX_LAZY_FUNCTION(kLibpq, PQcancel);
HERETIX_LAZY_FUNCTION(kLibpq, PQclear);
HERETIX_LAZY_FUNCTION(kLibpq, PQcmdStatus);
HERETIX_LAZY_FUNCTION(kLibpq, PQcmdTuples);
HERETIX_LAZY_FUNCTION(kLibpq, PQconndefaults);
HERETIX_LAZY_FUNCTION(kLibpq, PQconnectPoll);
HERETIX_LAZY_FUNCTION(kLibpq, PQconnectStartParams);
HERETIX_LAZY_FUNCTION(kLibpq, PQconninfoFree);
HERETIX_LAZY_FUNCTION(kLibpq, PQconninfoParse);
HERETIX_LAZY_FUNCTION(kLibpq, PQconsumeInput);
HERETIX_LAZY_FUNCTION(kLibpq, PQenterPipelineMode);
HERETIX_LAZY_FUNCTION(kLibpq, PQerrorMessage);
HERETIX_LAZY_FUNCTION(kLibpq, PQexitPipelineMode);
HERETIX_LAZY_FUNCTION(kLibpq, PQfinish);
HERETIX_LAZY_FUNCTION(kLibpq, PQflush);
HERETIX_LAZY_FUNCTION(kLibpq, PQfname);
HERETIX_LAZY_FUNCTION(kLibpq, PQfreeCancel);
HERETIX_LAZY_FUNCTION(kLibpq, PQfreemem);
HERETIX_LAZY_FUNCTION(kLibpq, PQftype);
HERETIX_LAZY_FUNCTION(kLibpq, PQgetCancel);
HERETIX_LAZY_FUNCTION(kLibpq, PQgetCopyData);
HERETIX_LAZY_FUNCTION(kLibpq, PQgetResult);
HERETIX_LAZY_FUNCTION(kLibpq, PQgetisnull);
HERETIX_LAZY_FUNCTION(kLibpq, PQgetlength);
HERETIX_LAZY_FUNCTION(kLibpq, PQgetvalue);
HERETIX_LAZY_FUNCTION(kLibpq, PQisBusy);
HERETIX_LAZY_FUNCTION(kLibpq, PQnfields);
HERETIX_LAZY_FUNCTION(kLibpq, PQntuples);
HERETIX_LAZY_FUNCTION(kLibpq, PQparameterStatus);
HERETIX_LAZY_FUNCTION(kLibpq, PQpipelineSync);
HERETIX_LAZY_FUNCTION(kLibpq, PQresultErrorField);
HERETIX_LAZY_FUNCTION(kLibpq, PQresultStatus);
HERETIX_LAZY_FUNCTION(kLibpq, PQsendQuery);
HERETIX_LAZY_FUNCTION(kLibpq, PQsendPrepare);
HERETIX_LAZY_FUNCTION(kLibpq, PQsendQueryParams);
HERETIX_LAZY_FUNCTION(kLibpq, PQsendQueryPrepared);
HERETIX_LAZY_FUNCTION(kLibpq, PQsetNoticeReceiver);
HERETIX_LAZY_FUNCTION(kLibpq, PQsetnonblocking);
HERETIX_LAZY_FUNCTION(kLibpq, PQsocket);
HERETIX_LAZY_FUNCTION(kLibpq, PQsslAttribute);
HERETIX_LAZY_FUNCTION(kLibpq, PQsslInUse);
HERETIX_LAZY_FUNCTION(kLibpq, PQstatus);
HERETIX_LAZY_FUNCTION(kLibpq, PQunescapeBytea);

// For owning pointers.
struct LibpqDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PGcancel* request) const { PQfreeCancel(request); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  void operator()(unsigned char* bytes) const { PQfreemem(bytes); }
};

}  // namespace heretix
