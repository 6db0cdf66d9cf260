#include "app/certificate_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/fakes.hpp"
#include "support/temporary_folder.hpp"

namespace agw {
namespace {

class ScriptedServer final : public api::Server {
 public:
  Result<bool> answer = true;
  int reloads = 0;

  int port() const override { return 0; }
  Result<bool> reloadCertificate() override {
    ++reloads;
    return answer;
  }
  void stop(std::chrono::milliseconds) override {}
};

class CertificateWatchTest : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  ScriptedServer server;
  test::RecordingLog log;

  void write(const char* name, const std::string& text) { std::ofstream(folder / name) << text; }
  CertificateWatchTest() {
    write("cert", "1");
    write("key", "1");
    watch = std::make_unique<CertificateWatch>(folder / "cert", folder / "key", server, log);
  }
  std::unique_ptr<CertificateWatch> watch;
  void lookTwice() {
    watch->look(false);
    watch->look(false);
  }
};

// D11
TEST_F(CertificateWatchTest, EitherFileChanged_IsReloadedOnce) {
  lookTwice();
  EXPECT_EQ(server.reloads, 0);
  write("cert", "22");
  lookTwice();
  EXPECT_EQ(server.reloads, 1);
  write("key", "22");
  lookTwice();
  lookTwice();
  EXPECT_EQ(server.reloads, 2);
  EXPECT_THAT(log.lines(), testing::Each(testing::StartsWith("certificate_reloaded")));
}

TEST_F(CertificateWatchTest, AskedFor_IsReloadedAndSaysOnlyWhatChanged) {
  server.answer = false;
  watch->look(true);
  EXPECT_EQ(server.reloads, 1);
  EXPECT_TRUE(log.lines().empty());
}

TEST_F(CertificateWatchTest, RefusedPair_IsAnErrorThatSaysWhatServes) {
  server.answer = Error{.kind = ErrorKind::BadOption, .message = "no pair", .detail = "odd"};
  watch->look(true);
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_EQ(log.lines().front(),
            "certificate_refused reason=no pair detail=odd effect=the certificate that was in use stays");
}

}  // namespace
}  // namespace agw
