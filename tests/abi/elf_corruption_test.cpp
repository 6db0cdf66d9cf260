#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "shelf.hpp"

namespace agw::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

/// The bytes of a right plugin with one field of the ELF header changed.
template <class Field>
std::string withHeader(std::size_t offset, Field value) {
  auto bytes = bytesOf(shelf("newer_minor"));
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

TEST(Elf, OtherMachine_IsRefused) {  // I2
  const Bench bench;
  const auto file =
      bench.write("newer_minor.so", withHeader<Elf64_Half>(offsetof(Elf64_Ehdr, e_machine), EM_S390));
  EXPECT_THAT(refusal(file), HasSubstr("was built for another machine (ELF number 22"));
  EXPECT_FALSE(bench.codeRan());
}

TEST(Elf, OtherClassOrKind_IsRefused) {  // I2
  const Bench bench;
  EXPECT_THAT(refusal(bench.write("a.so", withHeader<unsigned char>(EI_CLASS, ELFCLASS32))),
              EndsWith("is not a 64-bit object."));
  EXPECT_THAT(refusal(bench.write("b.so", withHeader<Elf64_Half>(offsetof(Elf64_Ehdr, e_type), ET_REL))),
              EndsWith("is not a shared object (ELF type 1)."));
  EXPECT_THAT(refusal(bench.write("c.so", withHeader<Elf64_Half>(offsetof(Elf64_Ehdr, e_shnum), 0))),
              HasSubstr("has no program or section headers"));
  EXPECT_FALSE(bench.codeRan());
}

TEST(Elf, FileCutAnywhere_IsRefusedBeforeItIsMapped) {  // I2: mapping it would be a SIGBUS
  const Bench bench;
  const auto whole = bytesOf(shelf("newer_minor"));
  for (std::size_t size = 1; size < whole.size(); size += 97) {
    const auto sentence = refusal(bench.write("newer_minor.so", whole.substr(0, size)));
    ASSERT_FALSE(sentence.empty()) << size;
    if (size >= sizeof(Elf64_Ehdr)) {
      ASSERT_THAT(sentence, HasSubstr("is cut off")) << size;
    }
  }
  EXPECT_FALSE(bench.codeRan());
}

TEST(Elf, OffsetsBeyondTheFile_AreRefused) {  // I2
  const Bench bench;
  for (const auto field : {offsetof(Elf64_Ehdr, e_phoff), offsetof(Elf64_Ehdr, e_shoff)}) {
    for (const Elf64_Off offset : {Elf64_Off{1} << 40U, ~Elf64_Off{0}, ~Elf64_Off{0} - 8}) {
      EXPECT_THAT(refusal(bench.write("newer_minor.so", withHeader(field, offset))), HasSubstr("is cut off"));
    }
  }
  EXPECT_FALSE(bench.codeRan());
}

TEST(Elf, UnchangedCopy_Loads) {
  const Bench bench;
  EXPECT_THAT(refusal(bench.copy("newer_minor")), IsEmpty());
  EXPECT_TRUE(bench.codeRan());  // so the marker tells something where it is missing
}

}  // namespace
}  // namespace agw::test
