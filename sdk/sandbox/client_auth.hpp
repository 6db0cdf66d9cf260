#pragma once

#include <optional>

#include "http.hpp"
#include "policy.hpp"

namespace sandbox {

struct ClientAuth {
  std::optional<Client> client;
  Reply refusal;  ///< when there is no client
};

/// RFC 6749 section 2.3.1: HTTP Basic or the form, not both. A public client gives its client_id only.
[[nodiscard]] ClientAuth authenticateClient(const Request& request, const Parameters& form,
                                            const Policy& policy);

}  // namespace sandbox
