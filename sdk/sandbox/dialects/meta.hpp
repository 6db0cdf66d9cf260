#pragma once

#include "dialect.hpp"

namespace sandbox {

/// Facebook Login: tokens that are extended instead of refreshed, and of the Graph API what belongs to them
/// (developers.facebook.com/docs/facebook-login). `/graph` stands for graph.facebook.com; any version is
/// known.
class Meta final : public Dialect {
 public:
  explicit Meta(const Parts& parts);

  [[nodiscard]] Policy usual(Policy policy) const override;
  [[nodiscard]] std::string tokenText(TokenKind kind, const Consent& consent,
                                      const std::string& label) const override;
  [[nodiscard]] Reply notFound(const Call& call) const override;
  [[nodiscard]] std::vector<Action> actions() const override;
  [[nodiscard]] std::vector<Delivery> happen(const Event& event, const Call& call) override;

 protected:
  [[nodiscard]] std::string objection(const Call& call, const Client& client) const override;
  void readRequest(const Call& call, Consent& consent) const override;
  void dress(const Call& call, const Consent& consent, FormView& view) const override;
  [[nodiscard]] Reply sendBack(const Call& call, const std::string& redirectUri,
                               std::vector<std::pair<std::string, std::string>> parameters) const override;
  [[nodiscard]] char scopeSeparator() const override { return ','; }

 private:
  // ---- tokens
  [[nodiscard]] Reply accessToken(const Call& call, const Parameters& form);
  [[nodiscard]] Reply extend(const Call& call, const std::string& token, const Client& client);
  [[nodiscard]] Reply debugToken(const Call& call, const Parameters& form) const;

  // ---- the Graph API
  /// Query and form are one here, and a form may name the method that is meant.
  using Handler = std::function<Reply(const Call&, const Parameters&)>;
  void graph(const std::string& pattern, const std::string& endpoint, const Handler& handler);
  /// For whoever calls with a person's token and proves to be the app.
  using PersonHandler = std::function<Reply(const Call&, const Parameters&, const Consent&)>;
  [[nodiscard]] Handler asPerson(PersonHandler handler) const;
  [[nodiscard]] Reply permissions(const Call& call, const Parameters& form, const Consent& consent);
  [[nodiscard]] Reply pages(const Call& call, const Consent& consent);
};

}  // namespace sandbox
