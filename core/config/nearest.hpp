#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agw {

/// The candidate that `word` was probably meant to be; empty when none is near enough. Compared without case.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// `; did you mean "scopes"?`, or nothing.
[[nodiscard]] std::string didYouMean(std::string_view word, const std::vector<std::string>& candidates);

/// `a, b or c`.
[[nodiscard]] std::string joinOr(const std::vector<std::string>& words);

/// A text from a file as it may appear in a message: quoted when it looks like a short word, else only
/// measured, because it may be a secret in the wrong place.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace agw
