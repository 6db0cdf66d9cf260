#include "broker/import.hpp"

#include <algorithm>
#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/errors.hpp"
#include "broker/import_words.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

/// An account that could not be told for so long is not told any more.
constexpr std::chrono::hours kLongestUnidentified{1};
constexpr std::chrono::seconds kAgain{60};

std::optional<Error> takesNoImports(const Provider& provider) {
  const auto& name = provider.displayName();
  if (!provider.capabilities().refresh) return nothingToImport(name);
  const auto policy = effectiveIdentity(provider);
  const bool checkable = policy == IdentityPolicy::Match && provider.capabilities().identity;
  if (policy == IdentityPolicy::None || checkable) return std::nullopt;
  return importWantsThePerson(name);
}

bool isNamed(const Identity& identity, const std::string& profile) {
  return !identity.subject.empty() && identity.emailVerified && canonicalEmail(identity.email) == profile;
}

}  // namespace

ImportService::ImportService(const Parts& parts)
    : parts_(parts), writer_(parts_.storage, parts_.vault, parts_.clock, parts_.random) {}

ImportService::~ImportService() {
  settleHeld(true);  // providers are not waited for at the end
  for (const auto& [key, offer] : held_) {
    parts_.log.write(LogLevel::Error, "imported_tokens_lost",
                     {{"provider", offer.place.provider}, {"profile", loggedEmail(offer.place.profile)}});
  }
}

Result<Imported> ImportService::accept(const ImportRequest& request, const Caller& caller) {
  const auto key = sha256Hex(request.provider + "\n" + request.profile + "\n" +
                             std::string(request.refreshToken.reveal()));
  {
    const std::lock_guard lock(mutex_);
    if (!busy_.insert(key).second) return overloaded();
  }
  auto outcome = take(key, request, caller);
  const std::lock_guard lock(mutex_);
  busy_.erase(key);
  return outcome;
}

Result<Imported> ImportService::take(const std::string& key, const ImportRequest& request,
                                     const Caller& caller) {
  if (auto held = takeHeld(key)) return conclude(key, std::move(*held));
  const auto provider = parts_.providers.find(request.provider);
  if (!provider) return provider.error();
  if (auto error = takesNoImports(**provider)) return *error;
  const auto existing = parts_.storage.findGrant(request.provider, request.profile);
  if (!existing) return storageFailure(existing.error());
  if (*existing && (*existing)->status == GrantStatus::Active) return livingGrantIsThere();
  auto offer = renewed(request, caller, **provider);
  if (!offer) return std::move(offer).error();
  return conclude(key, std::move(*offer));
}

// The one renewal. The audit line comes first: what cannot be written now must not be spent now.
Result<ImportService::Offer> ImportService::renewed(const ImportRequest& request, const Caller& caller,
                                                    Provider& provider) {
  Offer offer;
  offer.place.provider = request.provider;
  offer.place.profile = request.profile;
  offer.keyId = caller.keyId;
  offer.requestId = request.requestId;
  offer.policy = effectiveIdentity(provider);
  offer.since = parts_.clock.now();
  const AuditEvent intent{.at = offer.since,
                          .event = "import_started",
                          .requestId = request.requestId,
                          .keyId = caller.keyId,
                          .provider = request.provider,
                          .profile = request.profile,
                          .outcome = "ok",
                          .note = {}};
  if (const auto written = parts_.storage.appendAudit(intent); !written)
    return storageFailure(written.error());
  Receipt receipt{.sent = parts_.clock.now(), .received = {}};
  const RefreshRequest renewal{.refreshToken = request.refreshToken,
                               .accessToken = {},
                               .scopes = request.scopes.empty() ? provider.config().scopes : request.scopes,
                               .carry = {}};
  auto answer = provider.refresh(renewal);
  receipt.received = parts_.clock.now();
  if (answer && answer->accessToken.empty()) {
    answer = Error{.kind = ErrorKind::Malformed, .message = "No access token in the answer."};
  }
  if (!answer) {
    const auto& error = answer.error();
    auto told = error.kind == ErrorKind::GrantDead ? consentNeeded(word::kRefreshFailed)
                                                   : providerFailure(error, provider.displayName());
    record(offer, "import_refused", told.code);
    return told;
  }
  offer.consent.tokens = tokensFrom(*answer, receipt, request.scopes, provider.accessTtlDefault());
  auto& refresh = offer.consent.tokens.refresh;
  offer.replaced = !refresh.empty() && !(refresh == request.refreshToken);
  if (refresh.empty()) refresh = request.refreshToken;
  offer.answer = std::move(*answer);
  return offer;
}

Result<Imported> ImportService::conclude(const std::string& key, Offer offer) {
  const Imported imported{.scopes = offer.consent.tokens.scopes,
                          .expiresAt = offer.consent.tokens.accessExpiresAt};
  if (!offer.identified && offer.policy != IdentityPolicy::None) {
    const auto provider = parts_.providers.find(offer.place.provider);
    auto error = provider ? identify(offer, **provider) : provider.error();
    if (error && error->kind == ErrorKind::Conflict) return refuse(offer);
    if (error) return postpone(key, std::move(offer), std::move(*error));
  }
  offer.identified = true;
  switch (store(offer)) {
    case GrantWriter::Outcome::Stored:
      record(offer, "grant_imported", "ok");
      return imported;
    case GrantWriter::Outcome::OtherSubject:
      return refuse(offer);
    case GrantWriter::Outcome::Occupied:
      // The successor is forgotten, not revoked: to some providers that would end the grant that is there.
      record(offer, "import_refused", "conflict");
      return livingGrantIsThere();
    case GrantWriter::Outcome::Unknown:
      offer.perhapsStored = true;
      break;
    case GrantWriter::Outcome::NotStored:
      break;
  }
  return postpone(key, std::move(offer), importNotStored());
}

GrantWriter::Outcome ImportService::store(const Offer& offer) {
  if (offer.perhapsStored) {
    const auto held = writer_.holds(offer.place, offer.consent, offer.since);
    if (!held) return GrantWriter::Outcome::Unknown;
    if (*held) return GrantWriter::Outcome::Stored;
  }
  return writer_.store(offer.place, offer.consent, offer.policy, GrantWriter::Living::Kept);
}

// `Conflict`: it is somebody else's. Anything else: it cannot be told now.
std::optional<Error> ImportService::identify(Offer& offer, Provider& provider) {
  const auto identity = provider.identify(offer.answer, {});
  if (!identity && identity.error().kind == ErrorKind::Denied) return offerOfAnotherAccount(offer.replaced);
  if (!identity) return providerFailure(identity.error(), provider.displayName());
  offer.consent.issuer = identity->issuer;
  offer.consent.subject = identity->subject;
  if (!isNamed(*identity, offer.place.profile)) return offerOfAnotherAccount(offer.replaced);
  return std::nullopt;
}

Error ImportService::refuse(const Offer& offer) {
  if (offer.replaced) discard(offer);
  record(offer, "import_refused", word::kMismatch);
  return offerOfAnotherAccount(offer.replaced);
}

// Whose token was not replaced has it still, and may try again; a successor is here alone.
Error ImportService::postpone(const std::string& key, Offer offer, Error error) {
  parts_.log.write(LogLevel::Error, "import_not_finished",
                   {{"provider", offer.place.provider},
                    {"error", error.code},
                    {"detail", error.detail},
                    {"kept", offer.replaced ? "yes" : "no"},
                    {"request", offer.requestId}});
  if (!offer.replaced) {
    error.retryAfter = std::max(error.retryAfter, kAgain);
    return error;
  }
  if (!offer.identified && parts_.clock.now() >= offer.since + kLongestUnidentified) {
    discard(offer);
    record(offer, "import_refused", error.code);
    return error;
  }
  const std::lock_guard lock(mutex_);
  held_.insert_or_assign(key, std::move(offer));
  auto told = importGoesOn();
  told.retryAfter = kAgain;
  return told;
}

void ImportService::discard(const Offer& offer) {
  const auto& tokens = offer.consent.tokens;
  parts_.revoke.discard(offer.place.provider, offer.place.profile, offer.consent.subject,
                        {tokens.access, tokens.refresh, tokens.carry});
}

void ImportService::record(const Offer& offer, const char* event, const std::string& outcome) {
  recordAudit(
      parts_.storage, parts_.log,
      {.at = parts_.clock.now(),
       .event = event,
       .requestId = offer.requestId,
       .keyId = offer.keyId,
       .provider = offer.place.provider,
       .profile = offer.place.profile,
       .outcome = outcome,
       .note = offer.policy == IdentityPolicy::None ? "identity: none; whose it is was not checked" : ""});
}

std::optional<ImportService::Offer> ImportService::takeHeld(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(key);
  if (found == held_.end()) return std::nullopt;
  auto offer = std::move(found->second);
  held_.erase(found);
  return offer;
}

void ImportService::settle() {
  settleHeld(false);
}

void ImportService::settleHeld(bool identifiedAlone) {
  std::set<std::string> keys;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, offer] : held_) {
      if (identifiedAlone && !offer.identified) continue;
      if (busy_.insert(key).second) keys.insert(key);
    }
  }
  for (const auto& key : keys) {
    if (auto held = takeHeld(key)) (void)conclude(key, std::move(*held));
    const std::lock_guard lock(mutex_);
    busy_.erase(key);
  }
}

}  // namespace agw
