#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client_auth.hpp"
#include "devices.hpp"
#include "http.hpp"
#include "installations.hpp"
#include "ledger.hpp"
#include "outbox.hpp"
#include "pages.hpp"
#include "policy.hpp"
#include "signing.hpp"

namespace sandbox {

/// The app that a client of the imitations is registered as.
inline constexpr const char* kAppId = "100001";
inline constexpr const char* kAppSlug = "sandbox-app";

/// The keys of this process.
struct Keys {
  Signer signer;      ///< id_tokens and other statements of the providers
  PrivateKey appKey;  ///< what a client signs with; the sandbox gives it away and verifies by it
};

/// What a dialect works with. All of it outlives the dialect.
struct Parts {
  const std::string& name;
  const Clock& clock;
  const Keys& keys;
  Ledger& ledger;
  DeviceBoard& devices;
  InstallationBook& installations;
};

/// One request to a provider.
struct Call {
  const Request& request;
  std::string root;  ///< the provider's address as the client sees it, without a slash at the end
  const Policy& policy;
  std::vector<std::string> captures{};  ///< what stood for each `{}` of the route

  [[nodiscard]] Parameters query() const { return Parameters(request.rawQuery); }
  [[nodiscard]] Parameters body() const { return bodyParameters(request); }
  [[nodiscard]] bool posts() const { return request.method == "POST"; }
};

struct Route {
  std::string method;
  std::vector<std::string> pattern;
  std::string endpoint;  ///< by which faults and the ledger call it
  std::function<Reply(const Call&)> handler;
};

/// Something that happens to consents or installations, by a button or by the control API.
struct Event {
  std::string name;
  std::string account;
  std::string organisation;
};
/// An event that a dialect knows.
struct Action {
  enum class About { Account, Organisation, Nothing } about = About::Account;
  std::string name;
  std::string label;
};

/// How a provider speaks: its addresses, forms, pages, errors, and the texts of its tokens. What all have in
/// common is here; the folder `dialects` has the differences. Safe to call from many threads.
class Dialect {
 public:
  explicit Dialect(const Parts& parts) : parts_(parts) {}
  virtual ~Dialect() = default;

  /// `policy` with what is usual for this provider.
  [[nodiscard]] virtual Policy usual(Policy policy) const { return policy; }
  [[nodiscard]] virtual std::string tokenText(TokenKind kind, const Consent& consent,
                                              const std::string& label) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  [[nodiscard]] virtual Reply notFound(const Call& call) const;

  [[nodiscard]] virtual std::vector<Action> actions() const;
  /// Does it, and says what is to be sent for it; of `call` root and policy count. Throws `BadControl` when
  /// it cannot happen.
  [[nodiscard]] virtual std::vector<Delivery> happen(const Event& event, const Call& call);

 protected:
  /// `pattern`: path below the provider's root; a segment `{}` stands for any.
  void on(const std::string& methods, const std::string& pattern, const std::string& endpoint,
          const std::function<Reply(const Call&)>& handler);

  // ---- the way of a consent (RFC 6749 section 4.1), with what providers do differently
  [[nodiscard]] Reply authorize(const Call& call);
  /// Error code for the redirect; empty: the request is good.
  [[nodiscard]] virtual std::string objection(const Call& call, const Client& client) const;
  /// What is asked for, by the query.
  virtual void readRequest(const Call& call, Consent& consent) const;
  /// Adds choices to the page.
  virtual void dress(const Call& call, const Consent& consent, FormView& view) const;
  /// Shows the scopes as boxes, so that the person may leave some out; `choose` reads them.
  static void offerScopes(const Consent& consent, FormView& view);
  /// Takes what the person chose into the consent. A complaint for the person, or empty.
  [[nodiscard]] virtual std::string choose(const Call& call, const Parameters& form, Consent& consent) const;
  [[nodiscard]] virtual Reply sendBack(const Call& call, const std::string& redirectUri,
                                       std::vector<std::pair<std::string, std::string>> parameters) const;
  [[nodiscard]] virtual std::string issuer(const Call& call) const { return call.root; }
  [[nodiscard]] virtual char scopeSeparator() const { return ' '; }

  /// The page where a person types the code of a device, and decides.
  [[nodiscard]] Reply devicePage(const Call& call);

  /// Whoever the form says is there; empty when nobody.
  [[nodiscard]] static std::string accountOf(const Parameters& form);
  [[nodiscard]] Group organisationGroup(const std::string& legend) const;

  const Parts parts_;

 private:
  std::vector<Route> routes_;
};

/// `plays` of a policy to its dialect. Throws `BadControl` for a word that is none.
[[nodiscard]] std::unique_ptr<Dialect> makeDialect(const std::string& plays, const Parts& parts);
[[nodiscard]] std::vector<std::string> dialectNames();

}  // namespace sandbox
