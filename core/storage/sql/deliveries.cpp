#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

const Sql kKnown{"SELECT 1 FROM oauth_deliveries WHERE provider_id = ? AND delivery = ?"};
const Sql kRemember{
    "INSERT INTO oauth_deliveries (provider_id, delivery, received_at) VALUES (?, ?, ?) "
    "ON CONFLICT DO NOTHING"};
const Sql kDeleteOld{
    "DELETE FROM oauth_deliveries WHERE (provider_id, delivery) IN "
    "(SELECT provider_id, delivery FROM oauth_deliveries WHERE received_at <= ? LIMIT ? {skip locked})"};

}  // namespace

Result<bool> SqlStorage::knowsDelivery(const std::string& provider, const std::string& delivery) {
  return run(Kind::Read, [&](Connection& connection) -> Result<bool> {
    return execute(
               connection, kKnown, [](const Row&) {}, provider, delivery) > 0;
  });
}

Result<void> SqlStorage::rememberDelivery(const std::string& provider, const std::string& delivery,
                                          TimePoint at) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kRemember, provider, delivery, at);
    return {};
  });
}

Result<int> SqlStorage::deleteDeliveries(TimePoint before, int limit) {
  return run(Kind::Write, [&](Connection& connection) -> Result<int> {
    return change(connection, kDeleteOld, before, limit);
  });
}

}  // namespace agw::storage
