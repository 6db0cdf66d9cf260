#include "client_auth.hpp"

#include <Poco/Base64Decoder.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <iterator>
#include <sstream>

#include "text.hpp"

namespace sandbox {
namespace {

ClientAuth refuse(bool basic) {
  ClientAuth auth{.client = std::nullopt,
                  .refusal = errorReply(401, "invalid_client", "Unknown client or wrong secret.")};
  if (basic) auth.refusal.headers.emplace_back("WWW-Authenticate", "Basic realm=\"oauth-sandbox\"");
  return auth;
}

std::string formDecode(const std::string& text) {
  std::string decoded;
  Poco::URI::decode(text, decoded, true);
  return decoded;
}

std::optional<std::pair<std::string, std::string>> basicCredentials(const std::string& header) {
  static const std::string kScheme = "Basic ";
  // Schemes have no case (RFC 9110 section 11.1).
  if (Poco::icompare(header.substr(0, kScheme.size()), kScheme) != 0) return std::nullopt;
  try {
    std::istringstream encoded(header.substr(kScheme.size()));
    Poco::Base64Decoder decoder(encoded);
    const std::string pair{std::istreambuf_iterator<char>(decoder), std::istreambuf_iterator<char>()};
    const auto colon = pair.find(':');
    if (colon == std::string::npos) return std::nullopt;
    return std::pair{formDecode(pair.substr(0, colon)), formDecode(pair.substr(colon + 1))};
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

}  // namespace

ClientAuth authenticateClient(const Request& request, const Parameters& form, const Policy& policy) {
  const bool basic = !request.authorization.empty();
  std::string id = form.get("client_id");
  std::string secret = form.get("client_secret");
  if (basic) {
    const auto credentials = basicCredentials(request.authorization);
    if (!credentials) return refuse(true);
    if (form.has("client_secret") || (form.has("client_id") && id != credentials->first)) {
      return {.client = std::nullopt,
              .refusal = errorReply(400, "invalid_request", "The client authenticates in two ways at once.")};
    }
    std::tie(id, secret) = *credentials;
  }
  const Client* client = policy.client(id);
  if (client == nullptr || !sameSecret(client->secret, secret)) return refuse(basic);
  return {.client = *client, .refusal = {}};
}

}  // namespace sandbox
