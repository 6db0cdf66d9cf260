#include "dialects/meta_answers.hpp"

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {

Reply metaError(const MetaFault& fault) {
  Poco::JSON::Object error =
      object({{"message", fault.message}, {"type", "OAuthException"}, {"code", fault.code}});
  if (fault.subcode != 0) error.set("error_subcode", fault.subcode);
  error.set("fbtrace_id", "A" + randomLetters(22));
  return jsonReply(object({{"error", error}}), fault.code == 190 ? 401 : 400);
}

MetaFault tokenFault(const std::optional<AccessToken>& token) {
  if (!token) return {.code = 190, .message = "Invalid OAuth access token."};
  if (token->state == AccessToken::State::Expired) {
    return {.code = 190, .message = "Error validating access token: Session has expired.", .subcode = 463};
  }
  return {.code = 190,
          .message = "Error validating access token: The user has not authorized application.",
          .subcode = 458};
}

std::string metaUserId(const Consent& consent) {
  constexpr std::int64_t kLongIds = 1'000'000'000'000'000;
  return std::to_string(numberOf("meta-user:" + consent.clientId + ":" + consent.account, kLongIds));
}

Poco::JSON::Object metaPerson(const Consent& consent, const std::string& fields) {
  const Account account = accountFor(consent.account);
  Poco::JSON::Object person;
  for (const auto& field : splitScopes(fields.empty() ? "id,name" : fields, ',')) {
    if (field == "id") person.set(field, metaUserId(consent));
    if (field == "name") person.set(field, account.name);
    // An address that nobody confirmed is left out.
    if (field == "email" && hasScope(consent.scopes, "email") && account.verified)
      person.set(field, account.email);
  }
  person.set("id", metaUserId(consent));
  return person;
}

}  // namespace sandbox
