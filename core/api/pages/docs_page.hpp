#pragma once

#include <string>

namespace agw::api::pages {

/// The OpenAPI document as a page for people, made once: endpoints, fields, examples, errors.
[[nodiscard]] const std::string& docs();

}  // namespace agw::api::pages
