#pragma once

#include <string_view>

namespace agw::api {

/// The OpenAPI 3.1 description of the routes: core/api/openapi.json, part of the binary.
[[nodiscard]] std::string_view openApiDocument();

}  // namespace agw::api
