#pragma once

#include <string>
#include <string_view>

#include "broker/consent.hpp"
#include "broker/install.hpp"

namespace agw::api::pages {

/// The pages that people see. HTML with one style sheet inside, no script, nothing from elsewhere. Whatever
/// came from outside is escaped.

/// Allows the style sheet by its digest and nothing else.
[[nodiscard]] const std::string& contentSecurityPolicy();

/// A whole document; `title` is text, `main` is HTML.
[[nodiscard]] std::string document(std::string_view title, std::string_view main, std::string_view bodyClass);

[[nodiscard]] std::string success(const CallbackOutcome& outcome);
/// Says what happened, what to do, and what to tell an administrator.
[[nodiscard]] std::string failure(const CallbackOutcome& outcome, const std::string& requestId);
/// Shows the code that finishes the consent, and to whom not to give it.
[[nodiscard]] std::string confirmation(const CallbackOutcome& outcome);

/// The same two for an organisation.
[[nodiscard]] std::string installed(const InstallOutcome& outcome);
[[nodiscard]] std::string notInstalled(const InstallOutcome& outcome, const std::string& requestId);

/// One statement, for somebody who followed a link.
[[nodiscard]] std::string notice(std::string_view text, bool good);

}  // namespace agw::api::pages
