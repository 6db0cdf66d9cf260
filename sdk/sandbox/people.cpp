#include "people.hpp"

#include <algorithm>

#include "text.hpp"

namespace sandbox {
namespace {

template <typename Item, typename Member>
const Item* findBy(const std::vector<Item>& items, Member member, const std::string& value) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.*member == value; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<Account>& knownAccounts() {
  static const std::vector<Account> kAccounts{{"Alice Example", "alice@example.com", true},
                                              {"Bob Example", "bob@example.com", true},
                                              {"Mallory Example", "mallory@example.com", true},
                                              {"Carol Example", "carol@example.com", false}};
  return kAccounts;
}

Account accountFor(const std::string& email) {
  if (const auto* known = findBy(knownAccounts(), &Account::email, email)) return *known;
  return {.name = loginOf(email), .email = email, .verified = true};
}

std::string loginOf(const std::string& email) {
  return email.substr(0, email.find('@'));
}

const std::vector<Organisation>& knownOrganisations() {
  static const std::vector<Organisation> kOrganisations{{"acme", "Acme"}, {"globex", "Globex"}};
  return kOrganisations;
}

Organisation organisationFor(const std::string& name) {
  if (const auto* known = findBy(knownOrganisations(), &Organisation::name, name)) return *known;
  return {.name = name, .title = name};
}

std::int64_t numberOf(const std::string& text, std::int64_t least) {
  const std::string digest = sha256(text);
  std::int64_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number * 256 + static_cast<unsigned char>(digest[i]);
  return least + number % (9 * least);
}

std::string uuidOf(const std::string& text) {
  std::string digits = hex(sha256(text).substr(0, 16));
  digits[12] = '4';
  digits[16] = 'a';
  std::string uuid;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at == 8 || at == 12 || at == 16 || at == 20) uuid += '-';
    uuid += digits[at];
  }
  return uuid;
}

std::string capitalsOf(const std::string& mark, const std::string& text) {
  static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::string id = mark;
  for (const char octet : sha256(text).substr(0, 10)) id += kLetters[static_cast<unsigned char>(octet) % 36U];
  return id;
}

}  // namespace sandbox
