#pragma once

#include <curl/curl.h>

#include <memory>

#include "base/http_message.hpp"
#include "base/result.hpp"

namespace agw {

/// Overwrites the texts before it frees them: they may hold credentials.
struct WipeHeaderList {
  void operator()(curl_slist* list) const;
};
using HeaderList = std::unique_ptr<curl_slist, WipeHeaderList>;

/// The headers as libcurl wants them. `BadOption` for a name or value that could end a header and begin
/// another, and for the names that frame or route a message: those are the client's own.
[[nodiscard]] Result<HeaderList> toHeaderList(const Headers& headers);

}  // namespace agw
