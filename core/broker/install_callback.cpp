#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "broker/consent_words.hpp"
#include "broker/errors.hpp"
#include "broker/install.hpp"
#include "broker/install_words.hpp"
#include "broker/places.hpp"
#include "crypto/hash.hpp"

namespace agw {

struct InstallService::Visit {
  const InstallCallback& callback;
  InstallFlow flow;
  std::shared_ptr<Provider> provider{};
  QueryParameters parameters{};  ///< of this redirect and the earlier ones

  [[nodiscard]] InstallOutcome outcome() const {
    InstallOutcome told;
    told.provider = provider ? provider->displayName() : flow.provider;
    told.redirectAfter = flow.redirectAfter;
    return told;
  }
};

namespace {

std::string textOf(const QueryParameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

InstallOutcome noFlow(Error error) {
  InstallOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

/// What a later redirect of the same install may need of this one.
QueryParameters worthKeeping(const QueryParameters& parameters) {
  constexpr std::size_t kLongest = 1'024;
  constexpr std::size_t kMost = 20;
  QueryParameters kept;
  for (const auto& [name, value] : parameters) {
    const bool ours = name == "state" || name == "code" || name == "iss";
    if (!ours && name.size() <= kLongest && value.size() <= kLongest && kept.size() < kMost)
      kept.emplace(name, value);
  }
  return kept;
}

bool kindsDiffer(const std::vector<TokenSet>& tokens) {
  std::set<std::string> kinds;
  for (const auto& token : tokens) kinds.insert(token.kind);
  return kinds.size() == tokens.size();
}

}  // namespace

InstallOutcome InstallService::finish(const InstallCallback& callback) {
  const auto state = textOf(callback.parameters, "state");
  constexpr std::size_t kStateLength = 43;
  if (state.size() != kStateLength) return noFlow(unusableLink());
  auto consumed = parts_.storage.consumeInstallState(InstallStep::Redirect, sha256Hex(state));
  if (!consumed) {
    switch (consumed.error().kind) {
      case ErrorKind::NotFound:
        return noFlow(unusableLink());
      case ErrorKind::Conflict:
        return noFlow(usedLink());
      default:
        return noFlow(storageFailure(consumed.error()));
    }
  }
  Visit visit{.callback = callback, .flow = std::move(*consumed)};
  if (auto error = check(visit)) return fail(visit, std::move(*error));
  visit.parameters = callback.parameters;
  visit.parameters.insert(visit.flow.parameters.begin(), visit.flow.parameters.end());
  return read(visit);
}

/// Whether the install may go on here, now, in this browser, and whether the provider answers. The issuer
/// comes before the answer: what a stranger says is nothing.
std::optional<Error> InstallService::check(Visit& visit) const {
  const InstallFlow& flow = visit.flow;
  if (flow.expiresAt <= parts_.clock.now()) return expiredLink();
  if (visit.callback.provider != flow.provider) return unusableLink();
  if (!flow.browserHash.empty() && !equalInConstantTime(sha256Hex(visit.callback.browser), flow.browserHash))
    return otherBrowser();
  auto found = parts_.providers.find(flow.provider);
  if (!found) return found.error();
  visit.provider = std::move(*found);
  const auto& config = visit.provider->config();
  if (config.fingerprint != flow.configFingerprint || config.installRedirectUri != flow.redirectUri)
    return changedProvider();
  const auto issuer = visit.callback.parameters.find("iss");
  const auto issuers = visit.provider->issuers();
  // An announced issuer is missing where the redirect is not an answer of the authorization endpoint.
  if (issuer != visit.callback.parameters.end() && !issuers.empty() &&
      std::find(issuers.begin(), issuers.end(), issuer->second) == issuers.end())
    return unexpectedIssuer();
  const bool answers = visit.callback.parameters.contains("code");
  if (answers && issuer == visit.callback.parameters.end() && visit.provider->issuerRequired())
    return unexpectedIssuer();
  return std::nullopt;
}

InstallOutcome InstallService::read(Visit& visit) {
  auto next = newToken(parts_.random);
  if (!next) return fail(visit, storageFailure(std::move(next).error()));
  const auto reading = visit.provider->readCallback({.parameters = visit.parameters, .nextState = *next});
  const auto& name = visit.provider->displayName();
  if (!reading) return fail(visit, refusalOrFailure(reading.error(), name));
  if (!reading->error.empty()) return fail(visit, refusedByProvider(reading->error, name));
  if (!reading->nextUrl.empty()) return goOn(visit, reading->nextUrl, *next);
  return exchange(visit, reading->code);
}

/// The person is sent on, and comes back as the same install, within its time.
InstallOutcome InstallService::goOn(Visit& visit, const std::string& url, const std::string& state) {
  InstallFlow next = visit.flow;
  auto id = newUuid(parts_.random);
  if (!id) return fail(visit, storageFailure(std::move(id).error()));
  next.id = std::move(*id);
  next.stateHash = sha256Hex(state);
  next.codeVerifier.clear();  // the plugin made this link, without a challenge
  next.parameters = worthKeeping(visit.parameters);
  next.createdAt = parts_.clock.now();
  if (auto created = parts_.storage.createInstallFlow(next); !created)
    return fail(visit, storageFailure(created.error()));
  auto outcome = visit.outcome();
  outcome.status = InstallOutcome::Status::GoOn;
  outcome.nextUrl = url;
  return outcome;
}

InstallOutcome InstallService::exchange(Visit& visit, const Secret& code) {
  CodeExchange request{.code = code, .codeVerifier = {}, .scopes = visit.provider->config().scopes};
  const InstallFlow& flow = visit.flow;
  if (!flow.codeVerifier.empty()) {
    auto verifier = parts_.vault.open(placeOf(flow, column::kCodeVerifier), flow.codeVerifier);
    if (!verifier) return fail(visit, storageFailure(std::move(verifier).error()));
    request.codeVerifier = std::move(*verifier);
  }
  Receipt receipt{.sent = parts_.clock.now(), .received = {}};
  auto answer = visit.provider->exchangeInstallation(request);
  receipt.received = parts_.clock.now();
  if (!answer) return fail(visit, exchangeFailure(answer.error(), visit.provider->displayName()));
  return prove(visit, std::move(*answer), receipt);
}

/// What the tokens reach, and whose they are.
InstallOutcome InstallService::prove(Visit& visit, std::vector<TokenSet> tokens, const Receipt& receipt) {
  Provider& provider = *visit.provider;
  const auto& name = provider.displayName();
  InstallConsent consent;
  auto id = newUuid(parts_.random);
  for (const auto& token : tokens) {
    consent.tokens.push_back(
        {.kind = token.kind,
         .tokens = tokensFrom(token, receipt, provider.config().scopes, provider.accessTtlDefault()),
         .issuer = {},
         .subject = {}});
  }
  if (!id) return refuse(visit, consent, storageFailure(std::move(id).error()));
  consent.id = std::move(*id);
  const bool whole = !tokens.empty() && kindsDiffer(tokens) &&
                     std::none_of(tokens.begin(), tokens.end(),
                                  [](const TokenSet& token) { return token.accessToken.empty(); });
  if (!whole) {
    const Error odd{.kind = ErrorKind::Malformed,
                    .message = "The tokens of the answer cannot be told apart."};
    return refuse(visit, consent, providerFailure(odd, name));
  }
  if (provider.capabilities().identity) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto identity = provider.identify(tokens[i], {});
      if (!identity) return refuse(visit, consent, refusalOrFailure(identity.error(), name));
      consent.tokens[i].issuer = identity->issuer;
      consent.tokens[i].subject = identity->subject;
    }
  }
  auto organisations = provider.installations(tokens, visit.parameters);
  if (!organisations) return refuse(visit, consent, refusalOrFailure(organisations.error(), name));
  if (!visit.flow.orgId.empty()) {
    std::erase_if(*organisations, [&](const auto& facts) { return facts.orgId != visit.flow.orgId; });
    if (organisations->empty()) return refuse(visit, consent, otherOrganisation());
  }
  if (organisations->empty()) return refuse(visit, consent, noOrganisation(name));
  consent.organisations = std::move(*organisations);
  return store(visit, consent);
}

InstallOutcome InstallService::store(Visit& visit, const InstallConsent& consent) {
  auto stored = writer_.store(visit.flow, consent);
  if (!stored) return fail(visit, std::move(stored).error());
  for (const auto& row : *stored) {
    record(visit.flow, "installation_stored", row.orgId, "ok", "installation " + row.id,
           visit.callback.requestId);
  }
  auto outcome = visit.outcome();
  outcome.status = InstallOutcome::Status::Installed;
  outcome.installations = std::move(*stored);
  return outcome;
}

InstallOutcome InstallService::fail(Visit& visit, Error error) {
  parts_.log.write(LogLevel::Warning, "install_failed",
                   {{"flow", visit.flow.id},
                    {"provider", visit.flow.provider},
                    {"error", error.code},
                    {"detail", error.detail},
                    {"request", visit.callback.requestId}});
  record(visit.flow, "install_failed", visit.flow.orgId, error.code, {}, visit.callback.requestId);
  auto outcome = visit.outcome();
  outcome.error = std::move(error);
  return outcome;
}

InstallOutcome InstallService::refuse(Visit& visit, const InstallConsent& consent, Error error) {
  writer_.discard(visit.flow, consent);
  return fail(visit, std::move(error));
}

}  // namespace agw
