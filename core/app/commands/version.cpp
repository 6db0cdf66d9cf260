#include <Poco/Environment.h>
#include <Poco/Version.h>
#include <curl/curl.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <boost/version.hpp>

#include <sstream>

#include "app/commands/commands.hpp"

namespace agw {
namespace {

// Below these the parts that the gateway relies on are missing or broken. Distributions repair older numbers
// without changing them, so that this is a floor and not a proof; the tests look for the faults themselves.
constexpr Poco::UInt32 kLeastPoco = 0x010B0000;
constexpr unsigned long kLeastOpenSsl = 0x30000000UL;
constexpr int kLeastSqlite = 3'035'000;  // RETURNING
constexpr unsigned kLeastCurl = 0x075500;

std::string pocoText(Poco::UInt32 version) {
  return std::to_string(version >> 24U) + "." + std::to_string((version >> 16U) & 255U) + "." +
         std::to_string((version >> 8U) & 255U);
}

}  // namespace

std::string versionText() {
  std::ostringstream text;
  text << "auth-gateway " << AGW_VERSION << "\n"
       << "Poco " << pocoText(Poco::Environment::libraryVersion()) << "\n"
       << OpenSSL_version(OPENSSL_VERSION) << "\n"
       << "libcurl " << curl_version_info(CURLVERSION_NOW)->version << "\n"
       << "SQLite " << sqlite3_libversion() << "\n"
       << "libpq " << PQlibVersion() / 10'000 << "." << PQlibVersion() % 10'000 << "\n"
       << "Boost " << BOOST_VERSION / 100'000 << "." << BOOST_VERSION / 100 % 1'000;
  return text.str();
}

std::string libraryFault() {
  std::string old;
  if (Poco::Environment::libraryVersion() < kLeastPoco) old = "Poco 1.11.0";
  if (OpenSSL_version_num() < kLeastOpenSsl) old = "OpenSSL 3.0";
  if (sqlite3_libversion_number() < kLeastSqlite) old = "SQLite 3.35";
  if (curl_version_info(CURLVERSION_NOW)->version_num < kLeastCurl) old = "libcurl 7.85";
  return old.empty()
             ? old
             : "A library of this machine is too old; at least " + old + " is needed. Upgrade the system.";
}

}  // namespace agw
