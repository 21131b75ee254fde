// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <deque>
#include <numeric>
#include <string>
#include <vector>

#include "rtl/uart/uart_bench.h"
#include "support/seed.h"

namespace guestlink::test {
namespace {

constexpr unsigned kFifosOn = 0x07;  // and empty

TEST_F(Uart, HasItsResetValues) {
  EXPECT_EQ(read(kIer), 0U);
  EXPECT_EQ(read(kIir), 0x01U);
  EXPECT_EQ(read(kLcr), 0U);
  EXPECT_EQ(read(kMcr), 0U);
  EXPECT_EQ(read(kLsr), kThrEmpty | kTxEmpty);
  EXPECT_EQ(read(kMsr), 0xB0U);
  EXPECT_EQ(read(kScratch), 0U);
  EXPECT_EQ(top_.tx_o, 1);
  EXPECT_EQ(top_.irq_o, 0);
  clock();
  EXPECT_EQ(top_.idle_o, 1);
}

TEST_F(Uart, HoldsWhatIsWrittenAndNoMore) {
  for (unsigned value : {0x00U, 0x55U, 0xAAU, 0xFFU}) {
    write(kScratch, value);
    EXPECT_EQ(read(kScratch), value);
    write(kIer, value);
    EXPECT_EQ(read(kIer), value & 0x0F);
    write(kMcr, value);
    EXPECT_EQ(read(kMcr), value & 0x1F);
    write(kLcr, value | 0x80);
    write(kDll, value);
    write(kDlm, value ^ 0xFF);
    EXPECT_EQ(read(kDll), value);
    EXPECT_EQ(read(kDlm), value ^ 0xFF);
    EXPECT_EQ(read(kLcr), value | 0x80);
    write(kLcr, 0);
  }
}

TEST_F(Uart, WritesEachByteOfAWordAndReadsOne) {
  set_up({}, 1);
  // IER, FCR and LCR at once; the byte at 0 has no strobe, so nothing is sent.
  write_bytes(0, 0x03'07'05'FF, 0b1110);
  EXPECT_EQ(read(kIer), 0x05U);
  EXPECT_EQ(read(kIir) & 0xC0, 0xC0U);
  EXPECT_EQ(read(kLcr), 0x03U);
  EXPECT_EQ(read(kLsr) & kTxEmpty, kTxEmpty);
  put('x');
  run_line();
  // A read of another byte of the word does not take the character.
  (void)read(kIer);
  (void)read(kLcr);
  EXPECT_EQ(read(kData), unsigned{'x'});
}

// The tests by which Linux tells a 16550A (autoconfig in drivers/tty/serial/8250/8250_port.c).
TEST_F(Uart, IsWhatLinuxTakesForA16550A) {
  write(kIer, 0x0F);
  EXPECT_EQ(read(kIer), 0x0FU);
  write(kIer, 0);
  write(kMcr, 0x10 | 0x0A);
  EXPECT_EQ(read(kMsr) & 0xF0, 0x90U);
  write(kMcr, 0);
  write(kLcr, 0xBF);
  EXPECT_NE(read(kIir), 0U);  // no EFR
  write(kLcr, 0);
  write(kFcr, 0x01);
  EXPECT_EQ(read(kIir) >> 6, 3U);
  write(kFcr, 0);
  EXPECT_EQ(read(kIir) >> 6, 0U);
  // UART_BUG_TXEN: enabling the interrupt with nothing to send raises it.
  write(kIer, 0x02);
  EXPECT_EQ(read(kLsr) & kTxEmpty, kTxEmpty);
  EXPECT_EQ(read(kIir) & 0x0F, 0x02U);
}

TEST_F(Uart, ModemStatusFollowsTheLoopAndTellsChanges) {
  EXPECT_EQ(read(kMsr), 0xB0U);
  write(kMcr, 0x10);
  EXPECT_EQ(read(kMsr), 0x0BU);  // CTS, DSR and DCD fell
  for (const auto& [control, status] : {std::pair{0x01U, 0x20U}, std::pair{0x02U, 0x10U},
                                        std::pair{0x04U, 0x40U}, std::pair{0x08U, 0x80U}}) {
    write(kMcr, 0x10 | control);
    EXPECT_EQ(read(kMsr) & 0xF0, status);
    write(kMcr, 0x10);
    (void)read(kMsr);
  }
  // Of ring only the end is told.
  write(kMcr, 0x14);
  EXPECT_EQ(read(kMsr), 0x40U);
  write(kMcr, 0x10);
  EXPECT_EQ(read(kMsr), 0x04U);
  EXPECT_EQ(read(kMsr), 0x00U);
  write(kIer, 0x08);
  write(kMcr, 0x11);
  EXPECT_EQ(read(kIir) & 0x0F, 0x00U);
  EXPECT_EQ(top_.irq_o, 1);
  (void)read(kMsr);
  EXPECT_EQ(read(kIir) & 0x0F, 0x01U);
}

TEST_F(Uart, SendsAndReceivesInEveryFormat) {
  for (unsigned bits = 5; bits <= 8; ++bits) {
    for (unsigned flags = 0; flags < 16; ++flags) {
      Format format{bits, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0};
      SCOPED_TRACE("LCR " + std::to_string(format.lcr()));
      const unsigned divisor = 1 + flags % 3;
      set_up(format, divisor);
      write(kFcr, kFifosOn);
      for (unsigned data : {0x00U, 0xFFU, 0xA5U, 0x5AU}) {
        const std::size_t from = sent_.size();
        write(kData, data);
        run_until_sent();
        EXPECT_EQ(heard(from), std::vector<unsigned>{data & format.mask()});
        put(data & format.mask());
        run_line();
        EXPECT_EQ(read(kLsr) & (kDataReady | kOverrun | kParityError | kFramingError | kBreak),
                  unsigned{kDataReady});
        EXPECT_EQ(read(kData), data & format.mask());
      }
    }
  }
}

TEST_F(Uart, TakesExactlyItsTimeOnTheLine) {
  set_up({8, true, true, false, true}, 3);
  write(kFcr, kFifosOn);
  const std::size_t from = sent_.size();
  write(kData, 0x55);
  write(kData, 0x55);
  run_until_sent();
  std::vector<std::size_t> starts;
  for (std::size_t i = from + 1; i < sent_.size(); ++i) {
    if (!sent_[i] && sent_[i - 1] && (starts.empty() || i >= starts.back() + character_clocks())) {
      starts.push_back(i);
    }
  }
  ASSERT_EQ(starts.size(), 2U);
  // A tick passes between two characters.
  EXPECT_LE(starts[1] - starts[0], character_clocks() + divisor_);
}

TEST_F(Uart, SendsSixteenAndLosesMore) {
  set_up({}, 1);
  write(kFcr, kFifosOn);
  const std::size_t from = sent_.size();
  for (unsigned i = 0; i < 20; ++i) write(kData, i);
  run_until_sent();
  const auto characters = heard(from);
  ASSERT_GE(characters.size(), 16U);
  for (unsigned i = 0; i < 16; ++i) EXPECT_EQ(characters[i], i);
  EXPECT_EQ(read(kLsr), kThrEmpty | kTxEmpty);
}

TEST_F(Uart, TellsWhenTheTransmitterIsEmpty) {
  set_up({}, 4);
  write(kFcr, kFifosOn);
  write(kIer, 0x02);
  EXPECT_EQ(read(kIir) & 0x0F, 0x02U);  // empty already
  EXPECT_EQ(read(kIir) & 0x0F, 0x01U);  // told once
  EXPECT_EQ(top_.irq_o, 0);
  write(kData, 'a');
  write(kData, 'b');
  EXPECT_EQ(read(kLsr) & (kThrEmpty | kTxEmpty), 0U);
  clocks(character_clocks() + 100);
  EXPECT_EQ(read(kLsr) & (kThrEmpty | kTxEmpty), unsigned{kThrEmpty});  // the last is on the line
  EXPECT_EQ(top_.irq_o, 1);
  EXPECT_EQ(read(kIir) & 0x0F, 0x02U);
  run_until_sent();
  EXPECT_EQ(read(kLsr) & (kThrEmpty | kTxEmpty), kThrEmpty | kTxEmpty);
  EXPECT_EQ(top_.irq_o, 0);
  write(kIer, 0);
  write(kIer, 0x02);
  EXPECT_EQ(top_.irq_o, 1);
  write(kData, 'c');  // writing ends it, too
  EXPECT_EQ(read(kIir) & 0x0F, 0x01U);
}

TEST_F(Uart, InterruptsAtEachTriggerLevel) {
  constexpr std::array<unsigned, 4> kLevels{1, 4, 8, 14};
  set_up({}, 1);
  write(kIer, 0x01);
  for (unsigned code = 0; code < kLevels.size(); ++code) {
    write(kFcr, code << 6 | kFifosOn);
    for (unsigned i = 1; i <= kLevels[code]; ++i) {
      EXPECT_EQ(top_.irq_o, 0) << i << " of " << kLevels[code];
      put(i);
      run_line();
    }
    EXPECT_EQ(top_.irq_o, 1);
    EXPECT_EQ(read(kIir) & 0x0F, 0x04U);
    EXPECT_EQ(read(kData), 1U);
    EXPECT_EQ(read(kIir) & 0x0F, 0x01U) << "below the level";
  }
}

TEST_F(Uart, TellsOfCharactersThatWait) {
  set_up({7, true, false, false, false}, 2);
  write(kFcr, 0xC0 | kFifosOn);
  write(kIer, 0x01);
  put(0x11);
  put(0x22);
  run_line();
  clocks(3 * character_clocks());
  EXPECT_EQ(top_.irq_o, 0);
  EXPECT_EQ(top_.idle_o, 0) << "its timer runs";
  clocks(2 * character_clocks());
  EXPECT_EQ(top_.irq_o, 1);
  EXPECT_EQ(top_.idle_o, 1);
  EXPECT_EQ(read(kIir) & 0x0F, 0x0CU);
  EXPECT_EQ(read(kData), 0x11U);
  EXPECT_EQ(read(kIir) & 0x0F, 0x01U) << "begins anew with each read";
  clocks(5 * character_clocks());
  EXPECT_EQ(read(kIir) & 0x0F, 0x0CU);
  EXPECT_EQ(read(kData), 0x22U);
  clocks(5 * character_clocks());
  EXPECT_EQ(top_.irq_o, 0);
}

TEST_F(Uart, TellsOverrunWithFifosAndWithout) {
  set_up({}, 1);
  write(kFcr, kFifosOn);
  for (unsigned i = 0; i < 18; ++i) put(i);
  run_line();
  EXPECT_EQ(read(kLsr) & kOverrun, unsigned{kOverrun});
  EXPECT_EQ(read(kLsr) & kOverrun, 0U) << "told once";
  for (unsigned i = 0; i < 16; ++i) EXPECT_EQ(read(kData), i);
  EXPECT_EQ(read(kLsr) & kDataReady, 0U);
  write(kFcr, 0);
  put('a');
  put('b');
  run_line();
  EXPECT_EQ(read(kLsr) & (kOverrun | kDataReady), kOverrun | kDataReady);
  EXPECT_EQ(read(kData), unsigned{'b'}) << "the newest";
  EXPECT_EQ(read(kLsr) & kDataReady, 0U);
}

TEST_F(Uart, TellsErrorsWithTheirCharacter) {
  set_up({8, true, true, false, false}, 2);
  write(kFcr, kFifosOn);
  write(kIer, 0x04);
  put('a');
  put_frame('b', !format_.parity_bit('b'), true);
  put_frame('c', format_.parity_bit('c'), false);
  put('d');
  run_line();
  EXPECT_EQ(read(kLsr) & 0x9F, kFifoError | kDataReady) << "in the queue, not at its head";
  EXPECT_EQ(top_.irq_o, 0);
  EXPECT_EQ(read(kData), unsigned{'a'});
  EXPECT_EQ(top_.irq_o, 1);
  EXPECT_EQ(read(kIir) & 0x0F, 0x06U);
  EXPECT_EQ(read(kLsr) & 0x9F, kFifoError | kParityError | kDataReady);
  EXPECT_EQ(read(kLsr) & 0x9F, kFifoError | kDataReady) << "told once";
  EXPECT_EQ(top_.irq_o, 0);
  EXPECT_EQ(read(kData), unsigned{'b'});
  EXPECT_EQ(read(kLsr) & 0x9F, kFifoError | kFramingError | kDataReady);
  EXPECT_EQ(read(kData), unsigned{'c'});
  EXPECT_EQ(read(kLsr) & 0x9F, unsigned{kDataReady});
  EXPECT_EQ(read(kData), unsigned{'d'});
}

TEST_F(Uart, TakesABreakForOneCharacterAndSendsOne) {
  set_up({}, 1);
  write(kFcr, kFifosOn);
  put_level(false, 5 * character_clocks());
  put_level(true, 32);
  put('x');
  run_line();
  EXPECT_EQ(read(kLsr) & 0x9F, kFifoError | kBreak | kFramingError | kDataReady);
  EXPECT_EQ(read(kData), 0U);
  EXPECT_EQ(read(kData), unsigned{'x'});
  EXPECT_EQ(read(kLsr) & 0x9F, 0U);
  write(kLcr, format_.lcr() | 0x40);
  EXPECT_EQ(top_.tx_o, 0);
  clocks(100);
  EXPECT_EQ(top_.tx_o, 0);
  write(kLcr, format_.lcr());
  EXPECT_EQ(top_.tx_o, 1);
}

TEST_F(Uart, IgnoresASpike) {
  set_up({}, 4);
  put_level(false, 4 * 7);  // less than half a bit
  put_level(true, 4);
  run_line();
  clocks(2 * character_clocks());
  EXPECT_EQ(read(kLsr), kThrEmpty | kTxEmpty);
}

TEST_F(Uart, LoopsBackAndKeepsTheLineStill) {
  set_up({}, 1);
  write(kFcr, kFifosOn);
  write(kMcr, 0x10);
  const std::size_t from = sent_.size();
  for (char c : std::string("loop")) write(kData, static_cast<unsigned char>(c));
  put('z');  // the line is not heard
  run_until_sent();
  std::string got;
  while ((read(kLsr) & kDataReady) != 0) got.push_back(static_cast<char>(read(kData)));
  EXPECT_EQ(got, "loop");
  EXPECT_TRUE(heard(from).empty());
}

TEST_F(Uart, EmptiesItsFifosWhenTold) {
  set_up({}, 1);
  write(kFcr, kFifosOn);
  put('a');
  put('b');
  run_line();
  write(kFcr, 0x01 | 0x02);
  EXPECT_EQ(read(kLsr) & kDataReady, 0U);
  put('c');
  run_line();
  write(kFcr, 0x01 | 0x04);
  EXPECT_EQ(read(kData), unsigned{'c'}) << "the other one is left alone";
}

TEST_F(Uart, PutsItsInterruptsInOrder) {
  set_up({8, true, false, false, false}, 1);
  write(kFcr, kFifosOn);
  write(kIer, 0x0F);
  write(kMcr, 0x10);  // modem status changes
  write(kMcr, 0x00);
  put_frame('e', !format_.parity_bit('e'), true);
  run_line();
  EXPECT_EQ(read(kIir) & 0x0F, 0x06U);
  (void)read(kLsr);
  EXPECT_EQ(read(kIir) & 0x0F, 0x04U);
  (void)read(kData);
  EXPECT_EQ(read(kIir) & 0x0F, 0x02U);
  EXPECT_EQ(read(kIir) & 0x0F, 0x00U);
  (void)read(kMsr);
  EXPECT_EQ(read(kIir) & 0x0F, 0x01U);
  EXPECT_EQ(top_.irq_o, 0);
}

TEST_F(Uart, CarriesRandomTrafficBothWays) {
  random_.seed(static_cast<std::mt19937::result_type>(random_seed()));
  set_up({8, true, true, false, false}, 2);
  write(kFcr, kFifosOn);
  const std::size_t from = sent_.size();
  std::deque<unsigned> put_in;
  std::vector<unsigned> written;
  unsigned received = 0;
  for (int step = 0; step < 400; ++step) {
    if (put_in.size() < 12 && random_() % 2 == 0) {
      put_in.push_back(static_cast<unsigned>(random_() & 0xFF));
      put(put_in.back());
    }
    if ((read(kLsr) & kThrEmpty) != 0) {
      for (unsigned long burst = random_() % 16; burst > 0; --burst) {
        written.push_back(static_cast<unsigned>(random_() & 0xFF));
        write(kData, written.back());
      }
    }
    clocks(static_cast<unsigned>(random_() % (2 * character_clocks())));
    for (unsigned status = read(kLsr); (status & kDataReady) != 0; status = read(kLsr)) {
      EXPECT_EQ(status & (kOverrun | kParityError | kFramingError), 0U);
      ASSERT_FALSE(put_in.empty());
      EXPECT_EQ(read(kData), put_in.front());
      put_in.pop_front();
      ++received;
    }
  }
  run_line();
  run_until_sent();
  EXPECT_EQ(heard(from), written);
  EXPECT_GT(received, 100U);
}

}  // namespace
}  // namespace guestlink::test
