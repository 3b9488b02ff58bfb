#include "monitor/known_hosts.hpp"

#include <doctest/doctest.h>

namespace agentmon::monitor {
namespace {

const host_key ed25519{"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAk1"};
const host_key ecdsa{"ecdsa-sha2-nistp256", "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI"};
const host_key rsa{"ssh-rsa", "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7"};

std::string line(std::string_view names, const host_key& key) {
  return std::string{names} + ' ' + key.type + ' ' + key.text + '\n';
}

bool knows(std::string_view names, std::string_view host, uint16_t port = 22) {
  return find_host(line(names, ed25519), host, port).keys == std::vector{ed25519};
}

TEST_CASE("a line of known_hosts names hosts") {
  CHECK(knows("vm", "vm"));
  CHECK(knows("vm,10.0.0.2", "10.0.0.2"));
  CHECK(knows("vm", "VM"));
  CHECK_FALSE(knows("vm", "vm2"));
  CHECK(knows("[vm]:2222", "vm", 2222));
  CHECK_FALSE(knows("vm", "vm", 2222));
  CHECK_FALSE(knows("[vm]:2222", "vm"));
  CHECK(knows("[fe80::1]:2222", "fe80::1", 2222));
  CHECK(knows("*.example.test", "a.example.test"));
  CHECK(knows("vm-?", "vm-7"));
  CHECK(knows("*a*b*", "xxaxxbxx"));
  CHECK_FALSE(knows("*a*b", "xxaxxbxx"));
  CHECK_FALSE(knows("vm-*,!vm-7", "vm-7"));
  CHECK(knows("vm-*,!vm-7", "vm-8"));
}

TEST_CASE("a hashed name is known by its hash") {
  // Made by ssh-keygen -H of "vm" and "[vm]:2222".
  CHECK(knows("|1|gx/aUB/Kam0g6sXDlt/qsRpB4Xg=|sGCH7DGcz3y42oekaGxej2dhGiY=", "vm"));
  CHECK(knows("|1|ELSFGYn6mr9/S+G5rXa3J3ggEpY=|muHe5Vn9dwPon8yGqdkuJtVWeZs=", "vm", 2222));
  CHECK_FALSE(knows("|1|gx/aUB/Kam0g6sXDlt/qsRpB4Xg=|sGCH7DGcz3y42oekaGxej2dhGiY=", "vn"));
  CHECK_FALSE(knows("|1|", "vm"));
  CHECK_FALSE(knows("|1|AAAA|AAAA", "vm"));
  CHECK_FALSE(knows("|1|%%%%%%%%%%%%%%%%%%%%%%%%%%%%|%%%%%%%%%%%%%%%%%%%%%%%%%%%%", "vm"));
}

TEST_CASE("lines that make no sense are passed over") {
  const auto text = "# a comment\n\n   \nvm\nvm ssh-ed25519\n@cert-authority vm " + rsa.type + " " + rsa.text
                    + "\n@nobody vm x y\n\tvm\t" + ed25519.type + "  " + ed25519.text + " a comment\r\n@revoked "
                    + line("vm", ecdsa);
  const auto found = find_host(text, "vm", 22);
  CHECK(found.keys == std::vector{ed25519});
  CHECK(found.revoked == std::vector{ecdsa});
  CHECK(find_host("", "vm", 22).keys.empty());
}

TEST_CASE("a shown key is known, unknown or another one") {
  const host_key other{"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAk2"};
  CHECK(judge({{ed25519, ecdsa}, {}}, ecdsa) == trust::known);
  CHECK(judge({{}, {}}, ed25519) == trust::unknown);
  CHECK(judge({{ed25519}, {}}, other) == trust::changed);
  CHECK(judge({{other, ed25519}, {}}, ed25519) == trust::known); // while keys are exchanged
  CHECK(judge({{ed25519}, {ed25519}}, ed25519) == trust::changed);
  CHECK(judge({{ed25519}, {}}, ecdsa) == trust::changed); // it was asked for the one, and has it no more
  CHECK(judge({{rsa}, {}}, ed25519) == trust::unknown);   // it could not be asked for its RSA key
}

TEST_CASE("the known types of key are asked for first, the others after them") {
  const std::vector<std::string_view> possible{"ecdsa-sha2-nistp256", "ssh-ed25519", "rsa-sha2-512", "ssh-rsa"};
  CHECK(key_types_wanted({{ed25519}, {}}, possible) == "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,ssh-rsa");
  CHECK(key_types_wanted({{rsa}, {}}, possible) == "rsa-sha2-512,ssh-rsa,ecdsa-sha2-nistp256,ssh-ed25519");
  CHECK(key_types_wanted({}, possible) == "ecdsa-sha2-nistp256,ssh-ed25519,rsa-sha2-512,ssh-rsa");
}

TEST_CASE("a key in wire format is named, and has the fingerprint that ssh-keygen shows") {
  using namespace std::string_view_literals;
  const auto wire = "\0\0\0\x0bssh-ed25519\0\0\0\x02xy"sv;
  const auto key = host_key_of(wire);
  CHECK(key.type == "ssh-ed25519");
  CHECK(key.text == "AAAAC3NzaC1lZDI1NTE5AAAAAnh5");
  CHECK(host_key_of("").type.empty());
  CHECK(host_key_of("\0\0\0\xffshort"sv).type == "short");
  CHECK(fingerprint(wire) == "SHA256:H47Pp2aw9ob0/vGmbmigc05or2VGaJ+nFJ0RtewmIrQ");
}

} // namespace
} // namespace agentmon::monitor
