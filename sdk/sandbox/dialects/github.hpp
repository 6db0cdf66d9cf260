#pragma once

#include "dialect.hpp"

namespace sandbox {

/// What every organisation has.
inline constexpr const char* kGitHubRepositories[] = {"website", "api", "infra"};

/// GitHub with a GitHub App: `/login` for people, `/apps` for installations, `/api/v3` as a GitHub Enterprise
/// Server has it (docs.github.com/apps/creating-github-apps).
class GitHub final : public Dialect {
 public:
  explicit GitHub(const Parts& parts);

  [[nodiscard]] Policy usual(Policy policy) const override;
  [[nodiscard]] std::string tokenText(TokenKind kind, const Consent& consent,
                                      const std::string& label) const override;
  [[nodiscard]] Reply notFound(const Call& call) const override;
  [[nodiscard]] std::vector<Action> actions() const override;
  [[nodiscard]] std::vector<Delivery> happen(const Event& event, const Call& call) override;

 protected:
  [[nodiscard]] std::string objection(const Call& call, const Client& client) const override;
  void readRequest(const Call& call, Consent& consent) const override;
  [[nodiscard]] std::string issuer(const Call& call) const override;

 private:
  void addApi();
  [[nodiscard]] Reply token(const Call& call);
  [[nodiscard]] Reply deviceToken(const Call& call, const std::string& deviceCode, const Client& client);
  [[nodiscard]] Reply tokenAnswer(const Call& call, const IssuedTokens& tokens) const;
  [[nodiscard]] Reply startDevice(const Call& call);
  [[nodiscard]] Reply install(const Call& call);
  [[nodiscard]] Reply installed(const Call& call, const Parameters& form);

  // ---- the REST API
  using Handler = std::function<Reply(const Call&)>;
  /// Refuses requests without User-Agent, as the real one.
  void api(const std::string& methods, const std::string& pattern, const std::string& endpoint,
           Handler handler);
  /// With the app's JWT; with a person's token; with the client's id and secret.
  [[nodiscard]] Handler asApp(Handler handler) const;
  [[nodiscard]] Handler asPerson(std::function<Reply(const Call&, const Consent&)> handler) const;
  [[nodiscard]] Handler asClient(
      std::function<Reply(const Call&, const AccessToken&, const std::string&)> handler) const;
  [[nodiscard]] Reply mint(const Call& call);
  [[nodiscard]] Reply uninstall(const Call& call);
  [[nodiscard]] Reply endInstallationToken(const Call& call);
  [[nodiscard]] Reply repositoriesOf(const Call& call);
  [[nodiscard]] std::string jwtFault(const Call& call) const;
  [[nodiscard]] Poco::JSON::Object userJson(const std::string& account) const;
  [[nodiscard]] Poco::JSON::Object installationJson(const Call& call, const Installation& installation) const;
  void endInstallation(const Installation& installation);
};

}  // namespace sandbox
