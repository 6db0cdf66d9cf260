// What a provider, or somebody in its place, sends through the browser: it must be read in one way or be
// refused, and none of it may become markup of a page.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/edge/target.hpp"
#include "api/pages/pages.hpp"
#include "api/redirect_target.hpp"
#include "api/text.hpp"
#include "base/encoding.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t tags(const std::string& page) {
  return static_cast<std::size_t>(std::count(page.begin(), page.end(), '<'));
}

std::string page(const std::string& text) {
  agw::CallbackOutcome outcome;
  outcome.provider = outcome.profile = outcome.account = "x" + text;
  outcome.error.message = text;
  return agw::api::pages::failure(outcome, "id");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::size_t plainTags = tags(page("plain"));
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto target = agw::api::parseTarget("/auth/callback?" + text);
  const auto form = agw::api::parseParameters(text);
  if (target) {
    require(target->queryFault.has_value() == !form.ok());
    require(form.ok() ? target->query == *form : target->query.empty());
    require(target->path == "/auth/callback");
    for (const auto& [name, value] : target->query) {
      require(agw::isUtf8(name) && agw::isUtf8(value));
      require(std::none_of(value.begin(), value.end(), agw::api::isControl));
      require(tags(page(value)) == plainTags);
    }
  }
  if (agw::api::isAllowedRedirect(text, {"https://good.example/app"}, false)) {
    require(agw::toLower(text).starts_with("https://good.example"));
    const auto sent = agw::api::redirectWith(text, "completed", {"session_id", "id"});
    require(std::none_of(sent.begin(), sent.end(), agw::api::isControl));
  }
  return 0;
}
