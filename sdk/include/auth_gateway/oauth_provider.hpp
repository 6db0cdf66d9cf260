#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "auth_gateway/dialect.hpp"

namespace auth_gateway {

/// A provider as RFC 6749 (code and refresh), 7636 (PKCE), 7009 (revocation), 8628 (devices) and OpenID
/// Connect describe it. Derive, say in `dialect` what is different in data, and override the one operation
/// that really differs.
///
/// One object serves every entry and every thread: keep nothing in it. Options are in the call.
class OAuthProvider {
 public:
  enum class Stage { Exchange, Refresh, Revoke, Identify, Device };
  /// Reads a claim by JSON pointer, from a verified id_token or from the answer of userinfo.
  using Claims = std::function<Text(std::string_view pointer)>;

  virtual ~OAuthProvider() = default;

  /// The provider's addresses and habits. Options of the common names are put over it afterwards.
  [[nodiscard]] virtual Dialect dialect(const Call& call) const = 0;

  // ---- operations; abi.h says what `Ok` promises
  // -------------------------------------------------------------
  [[nodiscard]] virtual Status authorize(Call& call, const Dialect& dialect) const;
  [[nodiscard]] virtual Status exchange(Call& call, const Dialect& dialect) const;
  [[nodiscard]] virtual Status refresh(Call& call, const Dialect& dialect) const;
  [[nodiscard]] virtual Status revoke(Call& call, const Dialect& dialect) const;
  [[nodiscard]] virtual Status identify(Call& call, const Dialect& dialect) const;
  [[nodiscard]] virtual Status describe(Call& call, const Dialect& dialect) const;
  /// RFC 8628 where the dialect has `deviceAuthorizationUrl`.
  [[nodiscard]] virtual Status device(Call& call, const Dialect& dialect) const;
  [[nodiscard]] virtual Status deviceToken(Call& call, const Dialect& dialect) const;
  /// The redirect of an installation: `code` or `error`, as RFC 6749 section 4.1.2 has them.
  [[nodiscard]] virtual Status callback(Call& call, const Dialect& dialect) const;
  // The RFCs know no organisations and no events.
  [[nodiscard]] virtual Status installations(Call&, const Dialect&) const { return Status::Unsupported; }
  [[nodiscard]] virtual Status installationToken(Call&, const Dialect&) const { return Status::Unsupported; }
  [[nodiscard]] virtual Status webhook(Call&, const Dialect&) const { return Status::Unsupported; }
  /// A number that this header does not know.
  [[nodiscard]] virtual Status other(Call&, const Dialect&) const { return Status::Unsupported; }

  /// Chooses the operation. The border calls this.
  [[nodiscard]] Status run(Call& call) const;

 protected:
  // ---- the parts that operations are made of
  // -----------------------------------------------------------------
  /// Emits the AGW_TOKENs of a token endpoint's answer, or judges it.
  [[nodiscard]] virtual Status readToken(Call& call, const Dialect& dialect, Stage stage) const;
  /// What an answer that is not a success means.
  [[nodiscard]] virtual Status judge(Call& call, const Dialect& dialect, Stage stage) const;
  /// A scope as answers spell it; empty: they do not have it.
  [[nodiscard]] virtual std::string answeredScope(std::string_view asked) const { return std::string(asked); }
  /// Whether the provider vouches that the account owns `email`.
  [[nodiscard]] virtual bool emailVerified(const Call&, const Claims& claims, std::string_view) const {
    return claims("/email_verified") == "true";
  }

  /// Refuses an account that the entry's options rule out.
  [[nodiscard]] virtual Status acceptAccount(Call&, const Claims&) const { return Status::Ok; }

  /// The error word of the answer, if it is one: a JSON object or a sentence there is not.
  [[nodiscard]] static Text errorWord(const Call& call, const Dialect& dialect);
  /// Sends `parameters` to `address` the way the dialect says, with proof of the client.
  [[nodiscard]] static Status sendForm(Call& call, const Dialect& dialect, std::string_view address,
                                       Parameters parameters, bool authenticate = true);
  /// Emits the token whose members stand at `pointer` of the answer.
  [[nodiscard]] Status emitToken(Call& call, const std::string& pointer = "",
                                 std::string_view kind = "") const;
  [[nodiscard]] Status requestToken(Call& call, const Dialect& dialect, Parameters parameters,
                                    Stage stage) const;

  [[nodiscard]] Status emitIdentity(Call& call, const Dialect& dialect, const Claims& claims) const;
  /// Appends what an entry's options add; `BadOption` for what the gateway sets itself.
  [[nodiscard]] static Status addExtra(Call& call, const Parameters& extra, Parameters& parameters);

 private:
  [[nodiscard]] std::string answeredScopes(std::vector<std::string> scopes) const;
};

}  // namespace auth_gateway

#include "auth_gateway/detail/oauth_answers.hpp"
#include "auth_gateway/detail/oauth_device.hpp"
#include "auth_gateway/detail/oauth_operations.hpp"
