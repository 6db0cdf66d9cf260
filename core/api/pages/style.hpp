#pragma once

#include <string_view>

namespace agw::api::pages {

/// For all pages, so that one digest in the Content-Security-Policy covers them.
inline constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--back:#f3f4f6;--card:#fff;--text:#1b1f24;--soft:#525a65;--line:#d9dde3;
--good:#11693a;--good-back:#e2f4e9;--bad:#a1261b;--bad-back:#fbe7e5;--info:#1c4f9c;--info-back:#e5eefb;--code:#f0f2f5}
@media (prefers-color-scheme:dark){:root{--back:#14171b;--card:#1d2126;--text:#eceff3;--soft:#aab3be;--line:#363d46;
--good:#7fdba3;--good-back:#173526;--bad:#ff9e94;--bad-back:#41201d;--info:#9cc3ff;--info-back:#1b2f4c;--code:#262c33}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
h1{font-size:1.55rem;line-height:1.25;margin:0 0 .75rem}
p{margin:0 0 .75rem}
a{color:var(--info)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.result{min-height:100vh;display:grid;place-items:center;padding:1.25rem}
.result main{width:100%;max-width:30rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;
padding:2.25rem 1.75rem;text-align:center;box-shadow:0 .5rem 2rem rgba(0,0,0,.07)}
.result main>:last-child{margin-bottom:0}
.mark{display:inline-grid;place-items:center;width:4rem;height:4rem;border-radius:50%;margin-bottom:1.1rem}
.mark svg{width:2rem;height:2rem;fill:none;stroke:currentColor;stroke-width:3;stroke-linecap:round;
stroke-linejoin:round}
.good{color:var(--good);background:var(--good-back)}
.bad{color:var(--bad);background:var(--bad-back)}
.info{color:var(--info);background:var(--info-back)}
.soft{color:var(--soft);font-size:.9rem}
.facts{margin:1.1rem 0;padding:0;border-top:1px solid var(--line);text-align:left}
.facts div{display:flex;justify-content:space-between;gap:1rem;padding:.55rem 0;border-bottom:1px solid var(--line)}
.facts dt{color:var(--soft)}
.facts dd{margin:0;text-align:right;font-weight:600;min-width:0}
.secret{display:block;margin:1.1rem 0;padding:.8rem .5rem;border-radius:.6rem;background:var(--code);
font-size:1.9rem;font-weight:700;letter-spacing:.16em;overflow-wrap:anywhere}
.note{margin:1.1rem 0;padding:.8rem 1rem;border-radius:.6rem;text-align:left}
.docs{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}
.docs h2{font-size:1.3rem;margin:2.5rem 0 .6rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
.docs h3{font-size:1.02rem;margin:0 0 .5rem}
.docs h4{font-size:.9rem;margin:1rem 0 .35rem;color:var(--soft)}
.docs section section{background:var(--card);border:1px solid var(--line);border-radius:.7rem;
padding:1.1rem 1.2rem;margin:0 0 1rem}
.docs pre{background:var(--code);border-radius:.5rem;padding:.75rem .9rem;overflow:auto;font-size:.85rem;margin:0 0 .5rem}
.docs nav ul{margin:0;padding:0;list-style:none;columns:2 18rem}
.docs nav a{text-decoration:none}
.verb{display:inline-block;min-width:4.7rem;margin-right:.5rem;padding:.05rem .5rem;border-radius:.35rem;
font-size:.8rem;font-weight:700;text-align:center}
.scroll{overflow-x:auto;margin-bottom:.6rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}
@media (max-width:30rem){.result main{padding:1.75rem 1.2rem}.secret{font-size:1.5rem}}
)css";

}  // namespace agw::api::pages
