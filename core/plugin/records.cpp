#include "plugin/records.hpp"

#include <algorithm>
#include <charconv>

#include "plugin/outgoing.hpp"

namespace agw {
namespace {

constexpr std::size_t maxToken = 60'000;
constexpr std::size_t maxScopes = 512;
constexpr std::size_t maxScope = 512;
constexpr std::size_t maxName = 1024;

Error malformed(std::string why) {
  return Error{.kind = ErrorKind::Malformed, .message = std::move(why), .code = "provider_error"};
}

Secret secretOf(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? Secret() : found->second;
}

/// RFC 6749 appendix A: visible ASCII and spaces. Anything else would break out of a header line. A brace or
/// bracket in front is JSON that somebody took for a token.
bool isCarriable(const Secret& token) {
  const auto text = token.reveal();
  const bool structured = !text.empty() && (text.front() == '{' || text.front() == '[');
  return !structured && text.size() <= maxToken &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char octet) { return octet >= 0x20 && octet < 0x7f; });
}

Result<void> checkTokens(const TokenSet& tokens) {
  if (tokens.accessToken.empty()) return malformed("The provider's answer has no access token.");
  for (const auto* token : {&tokens.accessToken, &tokens.refreshToken, &tokens.idToken}) {
    if (!isCarriable(*token))
      return malformed(
          "The provider sent a token that cannot be one: over 60 KB, control characters, or JSON.");
  }
  if (tokens.carry.size() > maxToken) return malformed("The plugin keeps more than 60 KB beside a token.");
  if (tokens.tokenType.size() > 64 || hasControlCharacter(tokens.tokenType)) {
    return malformed("The provider sent a token type that is none.");
  }
  const bool plainKind = std::all_of(tokens.kind.begin(), tokens.kind.end(), [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '_' || character == '-';
  });
  if (tokens.kind.size() > 32 || !plainKind)
    return malformed("The plugin names a kind of token that is none.");
  if (!tokens.scopes) return {};
  const bool tooLong = std::any_of(tokens.scopes->begin(), tokens.scopes->end(), [](const auto& scope) {
    return scope.size() > maxScope || hasControlCharacter(scope);
  });
  if (tooLong || tokens.scopes->size() > maxScopes)
    return malformed("The provider sent scopes that are none.");
  return {};
}

Result<TokenSet> readTokens(const Fields& fields) {
  TokenSet tokens;
  tokens.accessToken = secretOf(fields, "access_token");
  tokens.refreshToken = secretOf(fields, "refresh_token");
  tokens.idToken = secretOf(fields, "id_token");
  tokens.carry = secretOf(fields, "carry");
  if (auto type = textOf(fields, "token_type"); !type.empty()) tokens.tokenType = std::move(type);
  tokens.expiresIn = lifeOf(textOf(fields, "expires_in"));
  tokens.refreshExpiresIn = lifeOf(textOf(fields, "refresh_expires_in"));
  if (auto scopes = splitScopes(textOf(fields, "scopes")); !scopes.empty()) tokens.scopes = std::move(scopes);
  tokens.kind = textOf(fields, "kind");
  if (auto checked = checkTokens(tokens); !checked) return checked.error();
  return tokens;
}

}  // namespace

std::vector<std::string> textsOf(const Fields& fields, std::string_view name) {
  std::vector<std::string> texts;
  const auto [begin, end] = fields.equal_range(name);
  for (auto field = begin; field != end; ++field) texts.emplace_back(field->second.reveal());
  return texts;
}

std::string textOf(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : std::string(found->second.reveal());
}

Scopes splitScopes(std::string_view text) {
  Scopes scopes;
  while (!text.empty()) {
    const auto scope = text.substr(0, text.find(' '));
    if (!scope.empty()) scopes.emplace_back(scope);
    text.remove_prefix(std::min(scope.size() + 1, text.size()));
  }
  return scopes;
}

std::string joinScopes(const Scopes& scopes) {
  std::string text;
  for (const auto& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

std::optional<std::chrono::seconds> lifeOf(std::string_view digits) {
  constexpr std::int64_t tenYears = 10LL * 366 * 24 * 3600;
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const bool whole = failed == std::errc() && end == digits.data() + digits.size();
  if (!whole || seconds <= 0 || seconds > tenYears) return std::nullopt;
  return std::chrono::seconds(seconds);
}

Result<TokenSet> tokenSetOf(const std::vector<Emitted>& records) {
  const Fields* chosen = nullptr;
  for (const auto& record : records) {
    if (record.record != AGW_TOKEN) continue;
    if (chosen == nullptr || (textOf(record.fields, "kind") == "user" && textOf(*chosen, "kind") != "user")) {
      chosen = &record.fields;
    }
  }
  if (chosen == nullptr) return malformed("The provider's answer has no token.");
  return readTokens(*chosen);
}

Result<std::vector<TokenSet>> tokenSetsOf(const std::vector<Emitted>& records) {
  std::vector<TokenSet> all;
  for (const auto& record : records) {
    if (record.record != AGW_TOKEN) continue;
    auto tokens = readTokens(record.fields);
    if (!tokens) return tokens.error();
    const bool twice =
        std::any_of(all.begin(), all.end(), [&](const auto& other) { return other.kind == tokens->kind; });
    if (twice) return malformed("The provider sent two tokens of one kind.");
    all.push_back(std::move(tokens).value());
  }
  if (all.empty()) return malformed("The provider's answer has no token.");
  return all;
}

Result<Identity> identityOf(const std::vector<Emitted>& records) {
  const Emitted* only = nullptr;
  for (const auto& record : records) {
    if (record.record != AGW_IDENTITY) continue;
    if (only != nullptr) return malformed("The provider named several accounts for one consent.");
    only = &record;
  }
  if (only == nullptr) return malformed("The provider's answer names no account.");
  Identity identity{.issuer = textOf(only->fields, "issuer"),
                    .subject = textOf(only->fields, "subject"),
                    .email = textOf(only->fields, "email"),
                    .emailVerified = textOf(only->fields, "email_verified") == "true"};
  for (const auto* text : {&identity.issuer, &identity.subject, &identity.email}) {
    if (text->size() > maxName || hasControlCharacter(*text))
      return malformed("The provider's account is not plain text.");
  }
  if (identity.subject.empty()) return malformed("The provider's answer names no account.");
  return identity;
}

}  // namespace agw
