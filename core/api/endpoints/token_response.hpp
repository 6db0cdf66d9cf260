#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "api/endpoints/endpoint.hpp"

namespace agw::api {

/// A token as an answer, with a strong validator (`ETag`, RFC 9110 section 8.8.3): the same for the same
/// answer on every replica, and a keyed digest, so that it tells nothing about the token. A caller who sends
/// it back in `If-None-Match` and would get the same again is answered 304 without a body (sections 13.1.2
/// and 15.4.5), also to a POST: a read that is one only to keep addresses out of URLs
/// (docs/adr/0014-reads-from-memory.md).
[[nodiscard]] Response tokenResponse(const Gateway& gateway, const Request& request,
                                     const boost::json::object& body);

/// Whether the value of an `If-None-Match` names `tag`, a strong entity tag with its quotes, by weak
/// comparison (RFC 9110 section 8.8.3.2). What cannot be read names nothing.
[[nodiscard]] bool namesTag(std::string_view field, std::string_view tag);

}  // namespace agw::api
