#include "dialects/github.hpp"
#include "dialects/google.hpp"
#include "dialects/jira.hpp"
#include "dialects/jira_data_center.hpp"
#include "dialects/meta.hpp"
#include "dialects/microsoft.hpp"
#include "dialects/oidc.hpp"
#include "dialects/slack.hpp"

namespace sandbox {
namespace {

using Maker = std::unique_ptr<Dialect> (*)(const Parts&);

template <typename Kind>
std::unique_ptr<Dialect> make(const Parts& parts) {
  return std::make_unique<Kind>(parts);
}

constexpr std::pair<const char*, Maker> kDialects[] = {{"oidc", &make<Oidc>},
                                                       {"github", &make<GitHub>},
                                                       {"google", &make<Google>},
                                                       {"jira", &make<Jira>},
                                                       {"jira-dc", &make<JiraDataCenter>},
                                                       {"meta", &make<Meta>},
                                                       {"microsoft", &make<Microsoft>},
                                                       {"slack", &make<Slack>}};

}  // namespace

std::unique_ptr<Dialect> makeDialect(const std::string& plays, const Parts& parts) {
  std::string known;
  for (const auto& [name, maker] : kDialects) {
    if (plays == name) return maker(parts);
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw BadControl("plays must be one of: " + known);
}

std::vector<std::string> dialectNames() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : kDialects) names.emplace_back(name);
  return names;
}

}  // namespace sandbox
