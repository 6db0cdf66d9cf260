#include "plugin/elf_file.hpp"

#include <elf.h>

#include <cstring>
#include <optional>

namespace agw {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half thisMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half thisMachine = EM_AARCH64;
#else
#error "name this machine's ELF number"
#endif

Error refused(std::string why) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(why)};
}
Error cut() {
  return refused("is cut off: it is shorter than its own headers say. Copy it again, whole.");
}

/// Bounds-checked views into the file. Every number in it is a stranger's.
class Image {
 public:
  explicit Image(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }
  template <class T>
  [[nodiscard]] std::optional<T> at(std::uint64_t offset) const {
    if (!holds(offset, sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  [[nodiscard]] std::string text(const Elf64_Shdr& strings, std::uint64_t index) const {
    if (index >= strings.sh_size || !holds(strings.sh_offset, strings.sh_size)) return {};
    const auto rest = bytes_.substr(strings.sh_offset + index, strings.sh_size - index);
    return std::string(rest.substr(0, rest.find('\0')));
  }

 private:
  std::string_view bytes_;
};

Result<Elf64_Ehdr> header(std::string_view bytes, const Image& image) {
  if (bytes.empty()) return refused("is empty.");
  if (bytes.substr(0, SELFMAG) != ELFMAG) return refused("is not a shared object (no ELF header).");
  if (bytes.size() > EI_CLASS && bytes[EI_CLASS] != ELFCLASS64) return refused("is not a 64-bit object.");
  const auto elf = image.at<Elf64_Ehdr>(0);
  if (!elf) return cut();
  if (elf->e_ident[EI_DATA] != ELFDATA2LSB || elf->e_machine != thisMachine) {
    return refused("was built for another machine (ELF number " + std::to_string(elf->e_machine) +
                   ", this one is " + std::to_string(thisMachine) + "). Build it for this one.");
  }
  if (elf->e_type != ET_DYN)
    return refused("is not a shared object (ELF type " + std::to_string(elf->e_type) + ").");
  if (elf->e_phentsize != sizeof(Elf64_Phdr) || elf->e_phnum == 0 || elf->e_shentsize != sizeof(Elf64_Shdr) ||
      elf->e_shnum == 0) {
    return refused("has no program or section headers; build it without stripping those.");
  }
  return *elf;
}

Result<std::vector<Elf64_Shdr>> sections(const Image& image, const Elf64_Ehdr& elf) {
  for (unsigned index = 0; index < elf.e_phnum; ++index) {
    const auto segment = image.at<Elf64_Phdr>(elf.e_phoff + index * sizeof(Elf64_Phdr));
    if (!segment || !image.holds(segment->p_offset, segment->p_filesz)) return cut();
  }
  std::vector<Elf64_Shdr> all;
  for (unsigned index = 0; index < elf.e_shnum; ++index) {
    const auto section = image.at<Elf64_Shdr>(elf.e_shoff + index * sizeof(Elf64_Shdr));
    if (!section) return cut();
    if (section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL &&
        !image.holds(section->sh_offset, section->sh_size)) {
      return cut();
    }
    all.push_back(*section);
  }
  return all;
}

bool isVisible(const Elf64_Sym& symbol) {
  const auto bind = ELF64_ST_BIND(symbol.st_info);
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  const bool global = bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE;
  const bool reachable = visibility == STV_DEFAULT || visibility == STV_PROTECTED;
  return global && reachable && symbol.st_shndx != SHN_UNDEF;
}

void readSymbols(const Image& image, const Elf64_Shdr& table, const Elf64_Shdr& strings, ElfFacts& facts) {
  for (std::uint64_t offset = 0; offset + sizeof(Elf64_Sym) <= table.sh_size; offset += sizeof(Elf64_Sym)) {
    const auto symbol = image.at<Elf64_Sym>(table.sh_offset + offset);
    // Linkers of old leave marks such as _init here; they are not functions that anybody calls.
    if (symbol && isVisible(*symbol) && symbol->st_shndx != SHN_ABS) {
      facts.exports.push_back(image.text(strings, symbol->st_name));
    }
  }
}

void readNeeds(const Image& image, const Elf64_Shdr& table, const Elf64_Shdr& strings, ElfFacts& facts) {
  for (std::uint64_t offset = 0; offset + sizeof(Elf64_Dyn) <= table.sh_size; offset += sizeof(Elf64_Dyn)) {
    const auto entry = image.at<Elf64_Dyn>(table.sh_offset + offset);
    if (!entry || entry->d_tag == DT_NULL) return;
    if (entry->d_tag == DT_NEEDED) facts.needs.push_back(image.text(strings, entry->d_un.d_val));
  }
}

}  // namespace

Result<ElfFacts> inspectElf(std::string_view bytes) {
  const Image image(bytes);
  const auto elf = header(bytes, image);
  if (!elf) return elf.error();
  const auto all = sections(image, *elf);
  if (!all) return all.error();
  ElfFacts facts;
  for (const auto& section : *all) {
    if (section.sh_type != SHT_DYNSYM && section.sh_type != SHT_DYNAMIC) continue;
    if (section.sh_link >= all->size()) return cut();
    const auto& strings = (*all)[section.sh_link];
    if (section.sh_type == SHT_DYNSYM) readSymbols(image, section, strings, facts);
    if (section.sh_type == SHT_DYNAMIC) readNeeds(image, section, strings, facts);
  }
  return facts;
}

}  // namespace agw
