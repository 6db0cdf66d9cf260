#include "api/edge/request_id.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kBatch = std::size_t{64} * 16;

/// Hands out what it drew before, piece by piece.
class Batch final : public Random {
 public:
  Random* source = nullptr;

  Result<std::string> bytes(std::size_t count) override {
    if (drawn_.size() < count) {
      auto more = source->bytes(kBatch);
      if (!more) return more;
      drawn_ = std::move(*more);
    }
    std::string piece = drawn_.substr(drawn_.size() - count);
    drawn_.resize(drawn_.size() - count);
    return piece;
  }

 private:
  std::string drawn_;
};

}  // namespace

std::string newRequestId(Random& random) {
  thread_local Batch batch;
  batch.source = &random;
  auto id = newUuid(batch);
  return id ? std::move(*id) : std::string();
}

}  // namespace agw::api
