#pragma once

#include "dialect.hpp"

namespace sandbox {

/// Slack: a bot's and a person's token of one consent, answers of status 200 with `ok` (docs.slack.dev).
class Slack final : public Dialect {
 public:
  explicit Slack(const Parts& parts);

  [[nodiscard]] Policy usual(Policy policy) const override;
  [[nodiscard]] std::string tokenText(TokenKind kind, const Consent& consent,
                                      const std::string& label) const override;
  [[nodiscard]] std::vector<Action> actions() const override;
  [[nodiscard]] std::vector<Delivery> happen(const Event& event, const Call& call) override;

 protected:
  [[nodiscard]] std::string objection(const Call& call, const Client& client) const override;
  void readRequest(const Call& call, Consent& consent) const override;
  void dress(const Call& call, const Consent& consent, FormView& view) const override;
  [[nodiscard]] std::string choose(const Call& call, const Parameters& form, Consent& consent) const override;
  [[nodiscard]] char scopeSeparator() const override { return ','; }

 private:
  void addApi();
  [[nodiscard]] Reply access(const Call& call);
  [[nodiscard]] Reply exchanged(const Call& call, const Grant& grant);
  [[nodiscard]] Reply refreshed(const Call& call, const IssuedTokens& tokens) const;
  /// A Web API method for whoever has a token.
  using Method = std::function<Reply(const Call&, const AccessToken&, const std::string& token)>;
  void method(const std::string& name, const std::string& endpoint, Method method);
  [[nodiscard]] Reply test(const Call& call, const AccessToken& token) const;
  [[nodiscard]] Reply revoke(const Call& call, const AccessToken& token, const std::string& text);
  [[nodiscard]] Reply uninstall(const Call& call, const AccessToken& token);
  [[nodiscard]] Reply user(const Call& call, const AccessToken& token) const;

  [[nodiscard]] Delivery signedDelivery(const std::string& name, const Poco::JSON::Object& body,
                                        const Policy& policy) const;
  [[nodiscard]] Delivery eventOf(const Consent& consent, const Poco::JSON::Object& event,
                                 const Policy& policy) const;
};

/// Who is who at this Slack. An organisation of the sandbox is a workspace; Globex belongs to an Enterprise.
struct SlackIds {
  explicit SlackIds(const Consent& consent);
  std::string team;  ///< empty: the installation is of the whole Enterprise
  std::string teamName;
  std::string enterprise;  ///< empty: none
  std::string enterpriseName;
  std::string user;
  std::string botUser;
  std::string bot;

  [[nodiscard]] Poco::Dynamic::Var teamJson() const;
  [[nodiscard]] Poco::Dynamic::Var enterpriseJson() const;
};

inline constexpr const char* kSlackAppId = "A0SANDBOX01";

[[nodiscard]] Reply slackError(const std::string& code);

}  // namespace sandbox
