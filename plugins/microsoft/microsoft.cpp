// Microsoft Entra ID, for Graph and every other API behind it. README.md says how to register an app, what
// tenants and clouds mean, and how grants end.
#include <auth_gateway/provider.hpp>

#include "options_schema.hpp"

namespace {

using auth_gateway::Call;
using auth_gateway::Dialect;
using auth_gateway::Parameters;
using auth_gateway::Status;
using auth_gateway::Text;

constexpr std::string_view personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad";

void add(std::vector<std::string>& words, std::initializer_list<const char*> more) {
  words.insert(words.end(), more.begin(), more.end());
}

bool isGuid(std::string_view text) {
  constexpr std::string_view shape = "00000000-0000-0000-0000-000000000000";
  return text.size() == shape.size() &&
         std::equal(text.begin(), text.end(), shape.begin(), [](char character, char wanted) {
           const bool hex = (character >= '0' && character <= '9') ||
                            (character >= 'a' && character <= 'f') || (character >= 'A' && character <= 'F');
           return wanted == '-' ? character == '-' : hex;
         });
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& character : small) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + ('a' - 'A'));
  }
  return small;
}

/// AADSTS numbers that say more than the error word beside them. Microsoft may change them, so a number never
/// ends a grant: it explains, asks to wait, or calls the operator. The last it does only beside a word that
/// does not end a grant itself.
struct Number {
  std::string_view number;
  Status status;  // Ok: the word decides
  const char* hint;
};

constexpr const char* wrongSecret = "The client secret is wrong: use the secret's value, not its id.";
constexpr const char* otherCloud =
    "The tenant is in another cloud: check tenant, authority_url and graph_url.";
constexpr const char* adminConsent = "An administrator must consent for the organisation.";
constexpr const char* policy =
    "A policy of the organisation blocks it, and will until an administrator acts.";
constexpr const char* furtherStep = "The organisation demands a further sign-in step.";

constexpr Number numbers[] = {
    {"50196", Status::RateLimited, "The same request came too often."},
    {"90055", Status::RateLimited, "Too many requests."},
    {"7000222", Status::BadClient, "The client secret has expired: make a new one in the app registration."},
    {"7000215", Status::BadClient, wrongSecret},
    {"70002", Status::BadClient, wrongSecret},
    {"700016", Status::BadClient,
     "The app is unknown in that tenant: check client_id and tenant, or let an administrator consent."},
    {"70001", Status::BadClient, "The app is unknown there: check client_id and tenant."},
    {"50011", Status::BadClient, "The redirect URI is not registered with the app, letter by letter."},
    {"50194", Status::BadClient, "The app is of a single tenant: set tenant to its id."},
    {"90002", Status::BadOption, otherCloud},
    {"90038", Status::BadOption, otherCloud},
    {"900382", Status::BadOption, otherCloud},
    {"900432", Status::BadOption, otherCloud},
    {"70011", Status::BadOption, "A scope is unknown: check the scopes and their cloud."},
    {"50033", Status::Transient, ""},
    {"50087", Status::Transient, ""},
    {"90006", Status::Transient, ""},
    {"90012", Status::Transient, ""},
    {"90024", Status::Transient, ""},
    {"90033", Status::Transient, ""},
    {"90090", Status::Transient, ""},
    {"70012", Status::Transient, ""},
    {"90094", Status::Ok, adminConsent},
    {"90095", Status::Ok, adminConsent},
    {"65001", Status::Ok, "Nobody has consented to these scopes: consent anew, or ask an administrator."},
    {"65004", Status::Ok, "The person declined."},
    {"50105", Status::Ok, "An administrator must assign the person to the app."},
    {"53003", Status::Ok, policy},
    {"53000", Status::Ok, policy},
    {"53001", Status::Ok, policy},
    {"53002", Status::Ok, policy},
    {"53004", Status::Ok, policy},
    {"530032", Status::Ok, policy},
    {"50072", Status::Ok, furtherStep},
    {"50074", Status::Ok, furtherStep},
    {"50076", Status::Ok, furtherStep},
    {"50078", Status::Ok, furtherStep},
    {"50079", Status::Ok, furtherStep},
    {"50158", Status::Ok, furtherStep},
    {"50057", Status::Ok, "The account is disabled."},
    {"50034", Status::Ok, "There is no such account in the tenant."},
    {"50173", Status::Ok, "The grant was revoked, or the password was changed."},
    {"70043", Status::Ok, "The organisation's sign-in period is over."},
    {"700082", Status::Ok, "The refresh token was not used for 90 days."},
    {"700084", Status::Ok,
     "The redirect URI is one of a single-page app, whose grants end after a day: register it as Web."},
};

constexpr std::pair<std::string_view, const char*> suberrors[] = {
    {"message_only", policy},
    {"basic_action", furtherStep},
    {"additional_action", furtherStep},
    {"consent_required", "Further consent is wanted."},
    {"user_password_expired", "The password is over: the person changes it at the next sign-in."},
};

class Microsoft final : public auth_gateway::OAuthProvider {
  Dialect dialect(const Call& call) const override {
    const auto endpoint = endpointOf(call, call.option("/tenant").value_or("common"));
    Dialect microsoft;
    microsoft.authorizationUrl = endpoint + "/oauth2/v2.0/authorize";
    microsoft.tokenUrl = endpoint + "/oauth2/v2.0/token";
    microsoft.deviceAuthorizationUrl = endpoint + "/oauth2/v2.0/devicecode";
    microsoft.jwksUrl = endpoint + "/discovery/v2.0/keys";
    microsoft.authenticateDevice = false;
    microsoft.refreshIdleTtl = 90 * 24 * 3600;
    for (const auto* name : {"response_mode", "prompt", "domain_hint", "claims"}) {
      if (const auto value = call.option("/" + std::string(name)))
        microsoft.authorizationParameters.emplace_back(name, *value);
    }
    add(microsoft.words.dead, {"interaction_required", "consent_required", "login_required"});
    add(microsoft.words.denied, {"authorization_declined"});
    add(microsoft.words.option, {"invalid_resource"});
    add(microsoft.words.expired, {"bad_verification_code"});
    return microsoft;
  }

  static std::string endpointOf(const Call& call, std::string_view tenant) {
    const auto authority = call.option("/authority_url").value_or("https://login.microsoftonline.com");
    return std::string(authority) + "/" + std::string(tenant);
  }

  /// Everything that the client may do in Graph, as the app registration lists it.
  static std::string allOfGraph(const Call& call) {
    if (const auto scope = call.option("/app_scope")) return std::string(*scope);
    return std::string(call.option("/graph_url").value_or("https://graph.microsoft.com")) + "/.default";
  }

  /// Answers have the scopes of Graph short or in full, in any case, and leave offline_access out.
  std::string answeredScope(std::string_view asked) const override {
    constexpr std::string_view graphs[] = {"https://graph.microsoft.com/", "https://graph.microsoft.us/",
                                           "https://dod-graph.microsoft.us/",
                                           "https://microsoftgraph.chinacloudapi.cn/"};
    auto scope = lower(asked);
    for (const auto graph : graphs) {
      if (scope.rfind(graph, 0) == 0) scope.erase(0, graph.size());
    }
    return scope == "offline_access" ? std::string() : scope;
  }

  Status authorize(Call& call, const Dialect& dialect) const override {
    if (!call.forInstallation()) {
      Dialect habits = dialect;
      answerChallenge(call, habits);
      return OAuthProvider::authorize(call, habits);
    }
    const auto organisation = call.input("org_id");
    const auto tenant = call.option("/tenant").value_or("common");
    const bool open = tenant == "common" || tenant == "consumers";
    const auto where = organisation ? *organisation : open ? std::string_view("organizations") : tenant;
    if (organisation && !isGuid(*organisation))
      return call.fail(Status::BadOption, "org_id is the tenant's id, a GUID.");
    call.result("url", auth_gateway::withQuery(
                           endpointOf(call, where) + "/v2.0/adminconsent",
                           {{"client_id", std::string(call.clientId())},
                            {"scope", allOfGraph(call)},
                            {"redirect_uri", std::string(call.input("redirect_uri").value_or(""))},
                            {"state", std::string(call.input("state").value_or(""))}}));
    return Status::Ok;
  }

  /// What the sign-in has to prove: the claims of a challenge, and of the entry's own those parts that the
  /// challenge does not speak of.
  static void answerChallenge(Call& call, Dialect& dialect) {
    const auto challenge = call.input("challenge");
    if (!challenge) return;
    auto& parameters = dialect.authorizationParameters;
    const auto own = std::find_if(parameters.begin(), parameters.end(),
                                  [](const auto& parameter) { return parameter.first == "claims"; });
    std::vector<std::string> sources{std::string(*challenge)};
    if (own != parameters.end()) sources.push_back(own->second);
    std::string claims;
    for (const auto* part : {"access_token", "id_token", "userinfo"}) {
      for (const auto& source : sources) {
        const auto wanted = call.parse(source) ? call.document("/" + std::string(part)) : std::nullopt;
        if (!wanted) continue;
        claims += (claims.empty() ? "\"" : ",\"") + std::string(part) + "\":" + std::string(*wanted);
        break;
      }
    }
    if (claims.empty()) return;
    if (own != parameters.end()) parameters.erase(own);
    parameters.emplace_back("claims", "{" + claims + "}");
  }

  /// An administrator's consent comes back without a code, naming a tenant that anybody could have written
  /// there. So the person signs in next, and that token tells the tenant.
  Status callback(Call& call, const Dialect& dialect) const override {
    if (call.parameter("error") || call.parameter("code")) return OAuthProvider::callback(call, dialect);
    const auto tenant = call.parameter("tenant");
    if (lower(call.parameter("admin_consent").value_or("")) != "true" || !tenant || !isGuid(*tenant))
      return call.fail(Status::Malformed, "The redirect tells of no consent.");
    call.result("url", auth_gateway::withQuery(
                           endpointOf(call, *tenant) + "/oauth2/v2.0/authorize",
                           {{"response_type", "code"},
                            {"client_id", std::string(call.clientId())},
                            {"redirect_uri", std::string(call.input("redirect_uri").value_or(""))},
                            {"scope", "openid"},
                            {"state", std::string(call.input("state").value_or(""))}}));
    return Status::Ok;
  }

  Status exchange(Call& call, const Dialect& dialect) const override {
    Dialect habits = dialect;
    habits.pkce = !call.forInstallation();  // the sign-in of `callback` had no challenge
    return OAuthProvider::exchange(call, habits);
  }

  Status deviceToken(Call& call, const Dialect& dialect) const override {
    Dialect open = dialect;
    open.clientAuth = auth_gateway::ClientAuth::None;  // a flow of public clients
    return OAuthProvider::deviceToken(call, open);
  }

  Status judge(Call& call, const Dialect& dialect, Stage stage) const override {
    const auto status = OAuthProvider::judge(call, dialect, stage);
    const auto word = errorWord(call, dialect);
    if (const auto number = call.plain("/error_codes/0"); word && number)
      call.errorWord(std::string(*word) + ".AADSTS" + std::string(*number));  // operators look for the number
    const auto challenge = call.json("/claims");
    if (challenge && stage == Stage::Refresh) call.challenge(*challenge);
    if (status == Status::Ok || status == Status::RateLimited || call.httpStatus() >= 500) return status;
    const auto& dead = dialect.words.dead;
    const bool decided = word && std::find(dead.begin(), dead.end(), *word) != dead.end();
    for (const auto& known : numbers) {
      if (decided && (known.status == Status::BadClient || known.status == Status::BadOption)) continue;
      for (const auto* place : {"/error_codes/0", "/error_codes/1", "/error_codes/2"}) {
        if (call.json(place) != known.number) continue;
        const auto meaning = known.status == Status::Ok ? status : known.status;
        if (meaning == Status::RateLimited && !call.header("Retry-After"))
          call.put(AGW_ERROR, "retry_after", "60");  // as Microsoft's own libraries do
        return *known.hint == '\0' ? meaning : call.fail(meaning, known.hint);
      }
    }
    const auto suberror = call.field("suberror");
    for (const auto& [known, hint] : suberrors) {
      if (suberror == known) return call.fail(status, hint);
    }
    const bool further =
        word == "interaction_required" || word == "consent_required" || word == "login_required";
    return further || challenge ? call.fail(status, furtherStep) : status;
  }

  Status identify(Call& call, const Dialect& dialect) const override {
    std::string tenant;
    if (const auto status = verify(call, dialect, tenant); status != Status::Ok) return status;
    const auto object = call.claim("/oid");
    if (!object || object->empty()) return call.fail(Status::Malformed, "The id_token names no account.");
    const auto key = tenant + ":" + std::string(*object);
    Dialect issuing = dialect;
    issuing.issuers = {endpointOf(call, tenant) + "/v2.0"};
    return emitIdentity(call, issuing, [&](std::string_view pointer) {
      return pointer == "/sub" ? Text(key) : call.claim(pointer);  // sub is another one in each app
    });
  }

  /// Addresses are whatever an administrator of some tenant wrote there, unless this says that the tenant
  /// owns the address's domain.
  bool emailVerified(const Call&, const Claims& claims, std::string_view) const override {
    const auto owned = claims("/xms_edov");
    return owned == "true" || owned == "1";
  }

  /// Verifies the id_token as one of the tenant that it names, and takes that tenant only if the entry allows
  /// it.
  static Status verify(Call& call, const Dialect& dialect, std::string& tenant) {
    const auto token = call.input("id_token");
    if (!token) return call.fail(Status::BadOption, "Add openid to the scopes: it tells who consented.");
    const auto dot = token->find('.');
    const auto rest = dot == std::string_view::npos ? std::string_view() : token->substr(dot + 1);
    const auto claims = auth_gateway::base64UrlDecode(rest.substr(0, rest.find('.')));
    // A claim so far: it says which issuer the token has to be proven to come from.
    if (claims && call.parse(*claims)) tenant = lower(call.document("/tid").value_or(""));
    if (!isGuid(tenant)) return call.fail(Status::Malformed, "The id_token names no tenant.");
    auto issuers = dialect.issuers;
    if (issuers.empty()) issuers = {endpointOf(call, tenant) + "/v2.0"};
    if (const auto status = call.verifyIdToken(issuers, dialect.jwksUrl); status != Status::Ok) return status;
    if (lower(call.claim("/tid").value_or("")) != tenant) return Status::Malformed;
    return allows(call, tenant) ? Status::Ok
                                : call.fail(Status::Denied, "The account's tenant is not allowed.");
  }

  static bool allows(const Call& call, const std::string& tenant) {
    const auto form = lower(call.option("/tenant").value_or("common"));
    if (isGuid(form) && form != tenant) return false;
    if (form == "consumers" && tenant != personalTenant) return false;
    if (form == "organizations" && tenant == personalTenant) return false;
    std::vector<std::string> allowed;
    auth_gateway::detail::appendTexts(call, "/allowed_tenants", allowed);
    return allowed.empty() || std::any_of(allowed.begin(), allowed.end(),
                                          [&](const auto& each) { return lower(each) == tenant; });
  }

  /// Proven twice: the person's token is of the tenant, and the tenant gives the client a token of its own.
  Status installations(Call& call, const Dialect& dialect) const override {
    std::string tenant;
    if (const auto status = verify(call, dialect, tenant); status != Status::Ok) return status;
    if (lower(call.parameter("tenant").value_or("")) != tenant)
      return call.fail(Status::Denied, "The consent was not for the account's tenant.");
    if (const auto status = askForOrganisation(call, dialect, tenant); status != Status::Ok) return status;
    call.result("org_id", tenant);
    call.result("minted", "true");
    return call.emit(AGW_INSTALLATION);
  }

  Status installationToken(Call& call, const Dialect& dialect) const override {
    const auto tenant = lower(call.input("org_id").value_or(""));
    if (!isGuid(tenant)) return call.fail(Status::BadOption, "The organisation is the tenant's id, a GUID.");
    if (!allows(call, tenant)) return call.fail(Status::BadOption, "The entry does not allow this tenant.");
    const auto status = askForOrganisation(call, dialect, tenant);
    return status == Status::Ok ? emitToken(call) : status;
  }

  Status askForOrganisation(Call& call, const Dialect& dialect, const std::string& tenant) const {
    const auto sent = sendForm(call, dialect, endpointOf(call, tenant) + "/oauth2/v2.0/token",
                               {{"grant_type", "client_credentials"}, {"scope", allOfGraph(call)}});
    if (sent != Status::Ok) return sent;
    if (call.httpStatus() != 200 || errorWord(call, dialect)) return judge(call, dialect, Stage::Exchange);
    return call.field("access_token") ? Status::Ok
                                      : call.fail(Status::Malformed, "The answer has no access_token.");
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Microsoft, "microsoft", "1.0.0", "Microsoft",
                      AGW_CAN_PKCE | AGW_CAN_REFRESH | AGW_CAN_IDENTIFY | AGW_CAN_INSTALL | AGW_CAN_MINT |
                          AGW_CAN_DEVICE,
                      optionsSchema)
