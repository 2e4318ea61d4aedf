/* SPDX-License-Identifier: EUPL-1.2 */
/* Telephone numbers, e-mail and web addresses, IP addresses, number plates. */
#include <stdio.h>

#include "detect/doc.h"
#include "detect/form.h"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_word_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (uint8_t)c >= 0xC3;
}

static bool
is_local(char c)
{
    return is_word_char(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
}

static bool
is_host(char c)
{
    return is_word_char(c) || c == '.' || c == '-';
}

/* ---- e-mail */

struct sign {
    str text;
    char as; /* '@' or '.' */
};

/* The forms of "@" and "." that people write against harvesters, and scanners make of them. */
static const struct sign signs[] = {
    {STR_INIT("@"), '@'},       {STR_INIT(" @ "), '@'},     {STR_INIT("(at)"), '@'},
    {STR_INIT(" (at) "), '@'},  {STR_INIT("[at]"), '@'},    {STR_INIT(" [at] "), '@'},
    {STR_INIT(" at "), '@'},    {STR_INIT("{at}"), '@'},    {STR_INIT("(a)"), '@'},
    {STR_INIT("(ät)"), '@'},    {STR_INIT(" (ät) "), '@'},  {STR_INIT("©"), '@'},
    {STR_INIT("(AT)"), '@'},    {STR_INIT("®"), '@'},       {STR_INIT("[AT]"), '@'},
    {STR_INIT("."), '.'},       {STR_INIT("[dot]"), '.'},   {STR_INIT("(dot)"), '.'},
    {STR_INIT(" [dot] "), '.'}, {STR_INIT(" (dot) "), '.'}, {STR_INIT("[punkt]"), '.'},
    {STR_INIT("(punkt)"), '.'}, {STR_INIT(" dot "), '.'},   {STR_INIT("(.)"), '.'},
    {STR_INIT(" punkt "), '.'},
};

static size_t
sign_at(str s, char as)
{
    size_t best = 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].as == as && str_starts(s, signs[i].text) && signs[i].text.len > best)
            best = signs[i].text.len;
    return best;
}

/* End of a host name at `i`; 0 if there is no dot in it. */
static size_t
host_end(str text, size_t i)
{
    size_t end = i, dots = 0;
    const size_t max = i + 120 < text.len ? i + 120 : text.len;
    while (end < max) {
        const size_t sign = sign_at(str_slice(text, end, text.len), '.');
        if (sign && end + sign < text.len && is_word_char(text.at[end + sign])) {
            dots++;
            end += sign;
        } else if (is_host(text.at[end]) && text.at[end] != '.')
            end++;
        else if (text.at[end] == '-' && end + 1 < max && text.at[end + 1] == '\n')
            end += 2;
        else
            break;
    }
    while (end > i && text.at[end - 1] == '-')
        end--;
    return dots ? end : 0;
}

static fallible
try_email(struct doc *d, size_t at, size_t sign)
{
    size_t start = at;
    while (start > 0 && at - start < 64 && is_local(doc_char(d, start - 1)))
        start--;
    while (start < at && ((doc_char(d, start) & 0xC0) == 0x80 || doc_char(d, start) == '.'))
        start++;
    const size_t end = host_end(d->text, at + sign);
    if (start == at || !end)
        return OK;
    /* " at " is a word in many sentences: the host must end like one, without blanks. */
    const bool is_word = doc_char(d, at) == ' ' && doc_char(d, at + 1) == 'a';
    return doc_add(d, start, end, DETECT_EMAIL, is_word ? 80 : 99);
}

/* Every sign for "@" holds one of these bytes near its beginning. */
static fallible
find_emails(struct doc *d)
{
    const str t = d->text;
    for (size_t i = 0; i < t.len; i++) {
        const char c = t.at[i];
        if (c != '@' && c != ' ' && c != '(' && c != '[' && c != '{' && c != (char)0xC2)
            continue;
        if (c == ' ' && (i + 1 >= t.len || !strchr("@([a", t.at[i + 1])))
            continue;
        const bool is_at = c == '@' || (i > 0 && is_local(t.at[i - 1]));
        const size_t sign = is_at ? sign_at(str_slice(t, i, i + 8), '@') : 0;
        if (sign && i > 0 && is_local(t.at[i - 1]))
            TRY(try_email(d, i, sign));
    }
    return OK;
}

/* ---- web addresses */

static bool
is_url_char(char c)
{
    return c > ' ' && !strchr("<>\"|{}\\^`", c) && c != '\x7f';
}

static size_t
url_end(str t, size_t i)
{
    while (i < t.len && is_url_char(t.at[i]) &&
           !str_starts(str_slice(t, i, t.len), STR("\u201c")) &&
           !str_starts(str_slice(t, i, t.len), STR("\u00a0")))
        i++;
    while (i > 0 && strchr(".,;:!?)]'", t.at[i - 1]))
        i--;
    return i;
}

/* service.koeln.example/kita: a bare host is one only with a known ending or a path. */
static bool
is_known_ending(str host)
{
    static const char *const endings[] = {
        ".de",     ".com", ".net", ".org", ".eu",    ".info", ".example",  ".berlin", ".hamburg",
        ".bayern", ".at",  ".ch",  ".io",  ".koeln", ".nrw",  ".saarland", ".ruhr",   ".test"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends(host, str_of(endings[i])))
            return true;
    return false;
}

static fallible
try_url(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    const str rest = str_slice(d->text, t->start, d->text.len);
    const char next = doc_char(d, t->end);
    if (next != '.' && next != ':')
        return OK;
    const bool has_scheme = str_starts(rest, STR("http://")) || str_starts(rest, STR("https://")) ||
                            str_starts(rest, STR("ftp://"));
    if (has_scheme || str_starts(rest, STR("www.")))
        return doc_add(d, t->start, url_end(d->text, t->start), DETECT_URL, 98);
    if (t->is_glued && t[-1].kind == TOKEN_MARK && strchr("@./_-", t[-1].mark) && t[-1].mark < 128)
        return OK;
    if (!token_is_mark(&t[1], '.') || !t[1].is_glued || !t[2].is_glued || t[2].kind != TOKEN_WORD)
        return OK;
    size_t end = t->start;
    while (end < d->text.len && is_host(doc_char(d, end)))
        end++;
    while (end > t->start && strchr(".-", doc_char(d, end - 1)))
        end--;
    if (!is_known_ending(str_slice(d->text, t->start, end)) || t->is_upper)
        return OK;
    const bool has_path = end < d->text.len && strchr("/:", doc_char(d, end)) &&
                          end + 1 < d->text.len && is_word_char(doc_char(d, end + 1));
    return doc_add(d, t->start, has_path ? url_end(d->text, end) : end, DETECT_URL,
                   has_path ? 97 : 75);
}

/* ---- IP */

static bool
is_octet(str s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.len; i++)
        n = n * 10 + (unsigned)(s.at[i] - '0');
    return s.len <= 3 && n <= 255;
}

/* Version numbers look the same; so do paragraphs of tariffs, but with fewer parts. */
static fallible
try_ipv4(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    if (t->is_glued && t[-1].kind == TOKEN_MARK && t[-1].mark == '.')
        return OK;
    for (size_t k = 0; k < 7; k++) {
        const bool fits = k % 2 ? token_is_mark(&t[k], '.')
                                : t[k].kind == TOKEN_NUMBER && is_octet(token_text(d, &t[k]));
        if (!fits || (k && !t[k].is_glued))
            return OK;
    }
    const bool goes_on = token_is_mark(&t[7], '.') && t[7].is_glued && t[8].kind == TOKEN_NUMBER;
    const struct labels l = doc_labels(d, i);
    if (goes_on || (l.nearest == DETECT_OTHER && l.distance < 20))
        return OK;
    if (str_starts(str_slice(d->text, t->start, d->text.len), STR("127.0.0.1")))
        return OK;
    return doc_add(d, t->start, t[6].end, DETECT_IP, 93);
}

static fallible
try_ipv6(struct doc *d, size_t i)
{
    const size_t start = d->t.at[i].start;
    size_t end = start, colons = 0, digits = 0, doubles = 0;
    for (; end < d->text.len && end - start < 40; end++) {
        const char c = doc_char(d, end);
        const bool hex = is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
        if (!hex && c != ':')
            break;
        colons += c == ':';
        doubles += c == ':' && end > start && doc_char(d, end - 1) == ':';
        digits += is_digit(c);
    }
    while (end > start && doc_char(d, end - 1) == ':' && !doubles)
        end--;
    if (colons < 2 || doubles > 1 || (colons != 7 && !doubles) || digits < 2 || end - start < 6)
        return OK;
    if (end < d->text.len && is_word_char(doc_char(d, end)))
        return OK;
    return doc_add(d, start, end, DETECT_IP, 96);
}

/* ---- telephone */

struct phone {
    size_t end, digits, groups;
};

static bool
is_phone_mark(str t, size_t i, size_t *ret_len)
{
    *ret_len = 1;
    if (i >= t.len)
        return false;
    if (strchr(" -/().", t.at[i]) && t.at[i])
        return true;
    if (t.at[i] == '\n')
        return true;
    static const char *const wide[] = {"\u2013", "\u00a0", "\u2011", "\u202f", "\u2010"};
    for (size_t k = 0; k < sizeof wide / sizeof *wide; k++)
        if (str_starts(str_slice(t, i, t.len), str_of(wide[k]))) {
            *ret_len = strlen(wide[k]);
            return true;
        }
    return false;
}

/* Marks between two groups: at most three characters besides a line break, one of them blank. */
static size_t
phone_gap(str t, size_t i)
{
    size_t at = i, len, blanks = 0, lines = 0;
    while (is_phone_mark(t, at, &len) && at - i < 12) {
        blanks += t.at[at] == ' ';
        lines += t.at[at] == '\n';
        at += len;
        while (lines && at < t.len && (t.at[at] == '>' || t.at[at] == ' '))
            at++;
    }
    if (at == i || at >= t.len || !is_digit(t.at[at]) || blanks > 2 || lines > 1)
        return 0;
    const bool two_blanks = t.at[i] == ' ' && t.at[i + 1] == ' ';
    return two_blanks ? 0 : at - i;
}

/* A digit, or what a scanner makes of one between digits. */
static bool
is_phone_digit(str t, size_t i, bool tolerant)
{
    if (i >= t.len)
        return false;
    if (is_digit(t.at[i]))
        return true;
    const bool is_confused = tolerant && t.at[i] && strchr("OoIlBSZ|", t.at[i]);
    return is_confused && i > 0 &&
           (is_digit(t.at[i - 1]) || (i + 1 < t.len && is_digit(t.at[i + 1])));
}

static struct phone
read_phone(str t, size_t i, bool tolerant)
{
    struct phone p = {.end = i};
    size_t gap;
    do {
        size_t run = 0;
        while (is_phone_digit(t, p.end + run, tolerant))
            run++;
        if (p.digits + run > 16)
            break;
        p.digits += run;
        p.end += run;
        p.groups++;
        gap = phone_gap(t, p.end);
        /* A date or a sum may follow after a full stop or on the next line. */
        if (gap && p.digits >= 10 && memchr(t.at + p.end, '\n', gap))
            break;
        if (gap && str_starts(str_slice(t, p.end, t.len), STR(". ")))
            break;
        if (gap)
            p.end += gap;
    } while (gap);
    while (p.end > i && !is_phone_digit(t, p.end - 1, tolerant))
        p.end--;
    return p;
}

/* Dates, sums, hours and percentages are no telephone numbers. */
static bool
is_measure(str t, size_t start, size_t end)
{
    size_t dots = 0, others = 0;
    for (size_t i = start; i < end; i++) {
        dots += t.at[i] == '.';
        others += strchr(" -/()", t.at[i]) != NULL;
    }
    if (dots >= 2 && others == 0 && end - start <= 10)
        return true;
    return end < t.len && (t.at[end] == ',' || t.at[end] == ':') && end + 1 < t.len &&
           is_digit(t.at[end + 1]);
}

/* Where the number begins that this digit group opens: "+", "(", "(+". */
static size_t
phone_start(str t, size_t i)
{
    if (i > 0 && t.at[i - 1] == '+')
        i--;
    if (i > 0 && t.at[i - 1] == '(')
        i--;
    return i;
}

static unsigned
phone_score(const struct doc *d, size_t i, size_t start, const struct phone *p)
{
    const struct labels l = doc_labels(d, i);
    const char first = doc_char(d, d->t.at[i].start), second = doc_char(d, d->t.at[i].start + 1);
    const bool is_plus = doc_char(d, start) == '+' || doc_char(d, start + 1) == '+';
    const bool is_near = l.nearest == DETECT_TELEFON && l.distance <= 24;
    const bool is_far = l.nearest == DETECT_OTHER && l.distance <= 40;
    if (is_plus)
        return p->digits >= 8 && first != '0' ? 98 : 0;
    if (first == '0')
        return is_far                                                  ? 0
               : is_near && p->digits >= 6                             ? 97
               : l.nearest == DETECT_TELEFON && p->digits >= 6         ? 90
               : p->digits >= 8 && (is_digit(second) || second == ' ') ? 74
                                                                       : 0;
    return is_near && l.distance <= 3 && p->digits >= 5 && first != '1' ? 66 : 0;
}

static fallible
try_phone(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    if (t->is_glued && (t[-1].kind == TOKEN_WORD || t[-1].kind == TOKEN_NUMBER))
        return OK;
    if (t->is_glued && t[-1].kind == TOKEN_MARK && strchr(".,-/#_", t[-1].mark) &&
        t[-1].mark < 128 && t[-1].is_glued)
        return OK;
    const size_t start = phone_start(d->text, t->start);
    const struct labels l = doc_labels(d, i);
    const bool is_named = l.nearest == DETECT_TELEFON && l.distance <= 24;
    const struct phone p = read_phone(d->text, t->start, is_named);
    if (p.digits < 5 || is_measure(d->text, t->start, p.end))
        return OK;
    if (p.end < d->text.len && is_word_char(doc_char(d, p.end)))
        return OK;
    const unsigned score = phone_score(d, i, start, &p);
    return score ? doc_add(d, start, p.end, DETECT_TELEFON, score) : OK;
}

/* ---- number plates: district, letters, number */

static const char districts[] = " A AA AB ABG AC AE AH AIC AK ALF ALZ AM AN ANA ANG ANK AP APD AR "
                                "ARN ART AS ASL ASZ AT AU AUR AW AZ AZE "
                                "B BA BAD BAR BB BBG BBL BC BCH BD BE BED BER BF BGL BH BI BID BIN "
                                "BIR BIT BIW BK BKS BL BLB BLK BM BN BNA BO "
                                "BOG BOH BOR BOT BP BRA BRB BRG BRI BRK BRL BRV BS BSB BSK BT BTF "
                                "BUL BZ BZA BÖ BÜD BÜS BÜZ C CA CB CE CHA CLP "
                                "CLZ CO COC COE CR CUX CW D DA DAH DAN DAU DBR DD DE DEG DEL DGF "
                                "DH DI DIL DIN DIZ DKB DL DLG DM DN DO DON DS DT "
                                "DU DUD DW DZ DÜW E EA EB EBE EBN EBS ECK ED EE EF EG EH EI EIC "
                                "EIH EIL EIN EIS EL EM EMD EMS EN ER ERB ERH ERK "
                                "ERZ ES ESB ESW EU EUT EW F FB FD FDB FDS FEU FF FFB FG FH FI FKB "
                                "FL FLÖ FN FO FOR FR FRG FRI FRW FS FT FTL FW FZ "
                                "FÜ FÜS G GA GAN GAP GC GD GDB GE GEL GEM GEO GER GF GG GHA GHC GI "
                                "GK GL GLA GM GMN GN GNT GOA GOH GP GR GRA GRH "
                                "GRI GRM GRZ GS GT GTH GUB GUN GV GVM GW GZ GÖ GÜ H HA HAB HAL HAM "
                                "HAS HB HBN HBS HC HCH HD HDH HDL HE HEB HEF HEI "
                                "HEL HER HET HF HG HGN HGW HH HHM HI HIG HIP HK HL HM HMÜ HN HO "
                                "HOG HOH HOL HOM HOR HOT HP HR HRO HS HSK HST HU HV "
                                "HVL HWI HX HY HZ HÖS IGB IK IL ILL IN IS IZ J JE JL JÜL K KA KB "
                                "KC KE KEH KEL KEM KF KG KH KI KIB KK KL KLE KLZ "
                                "KM KN KO KR KRU KS KT KU KUS KW KY KYF KÖN KÖT KÖZ KÜN L LA LAN "
                                "LAU LB LBS LBZ LC LD LDK LDS LEO LER LEV LF LG LH "
                                "LI LIB LIF LIP LL LM LN LOS LP LR LRO LSA LSN LSZ LU LUK LUN LUP "
                                "LWL LÖ LÖB LÜN LÜD M MA MAB MAI MAK MAL MAR MB MC MD ME "
                                "MED MEG MEI MEK MEL MER MET MG MGH MGN MH MHL MI MIL MK MKK ML MM "
                                "MN MO MOD MOL MON MOS MQ MR MS MSE MSH MSP MST "
                                "MT MTK MTL MVL MW MY MYK MZ MZG MÜ MÜB MÜN MÜR N NAB NAI NAU NB "
                                "ND NDH NE NEA NEB NEC NEN NES NEW NF NH NI NK NL "
                                "NM NMB NMS NOH NOL NOM NOR NP NR NRW NRÜ NT NU NVP NW NWM NY NZ "
                                "NÖ OA OAL OB OBB OBG OC OCH OD OE OF OG OH OHA OHV "
                                "OHZ OK OL OP OPR OR OS OSL OTW OVI OVL OVP OZ P PA PAF PAN PAR PB "
                                "PCH PE PEG PF PI PIR PL PLÖ PM PN PR PRÜ PS PW "
                                "PZ QFT QLB R RA RC RD RDG RE REG REH REI RG RH RI RID RIE RL RM "
                                "RN RO ROD ROF ROK ROL ROS ROT ROW RP RPL RS RSL RT RU RV "
                                "RW RZ RÜD RÜG S SAB SAD SAL SAN SAW SB SBG SBK SC SCZ SDH SDL SDT "
                                "SE SEB SEE SEF SEL SFB SFT SG SGH SH SHA SHG SHK "
                                "SHL SI SIG SIM SK SL SLE SLF SLK SLN SLS SLZ SLÜ SM SMÜ SN SO SOB "
                                "SOG SOK SOL SON SP SPB SPN SR SRB SRO ST STA STB STD STE "
                                "STL STO SU SUL SW SWA SY SZ SZB SÄK SÖM SÜW TBB TDO TE TET TF TG "
                                "THL THW TIR TO TP TR TS TT TUT TÖL TÜ UE UEM UFF "
                                "UH UL UM UN USI V VAI VB VEC VER VG VIB VIE VIT VK VOH VS W WA "
                                "WAF WAK WAN WAR WAT WB WBS WDA WE WEL WEN WER WES WF "
                                "WG WHV WI WIL WIS WIT WIZ WK WL WLG WM WMS WN WND WO WOB WOH WOL "
                                "WOR WOS WR WRN WS WSF WST WSW WT WTL WTM WUG WUN "
                                "WUR WW WZ WZL WÜ WÜM X Y Z ZE ZEL ZI ZIG ZP ZR ZW ZZ ";

static bool
is_district(str s)
{
    char key[16];
    if (!s.len || s.len > 6)
        return false;
    const int n = snprintf(key, sizeof key, " %.*s ", STR_FMT(s));
    return str_find((str){districts, sizeof districts - 1}, (str){key, (size_t)n}) >= 0;
}

struct plate {
    size_t end;
    bool has_dash;
};

static size_t
plate_gap(str t, size_t i, bool *dash)
{
    size_t n = 0;
    while (i + n < t.len && n < 3 && strchr(" -", t.at[i + n])) {
        *dash |= t.at[i + n] == '-';
        n++;
    }
    if (!n && str_starts(str_slice(t, i, t.len), STR("\u00a0")))
        n = 2;
    if (!n && i < t.len && t.at[i] == '\n')
        n = 1;
    return n;
}

/* After the district: one or two capitals, one to four digits not beginning with 0, E or H. */
static bool
read_plate(str t, size_t i, struct plate *ret)
{
    size_t letters = 0, digits = 0;
    i += plate_gap(t, i, &ret->has_dash);
    for (; i < t.len && t.at[i] >= 'A' && t.at[i] <= 'Z'; i++)
        letters++;
    if (letters < 1 || letters > 2)
        return false;
    i += plate_gap(t, i, &ret->has_dash);
    if (i >= t.len || t.at[i] == '0')
        return false;
    for (; i < t.len && is_digit(t.at[i]); i++)
        digits++;
    if (i < t.len && (t.at[i] == 'H' || t.at[i] == 'E'))
        i++;
    else if (i + 1 < t.len && t.at[i] == ' ' && (t.at[i + 1] == 'H' || t.at[i + 1] == 'E') &&
             (i + 2 >= t.len || !is_word_char(t.at[i + 2])))
        i += 2;
    ret->end = i;
    return digits >= 1 && digits <= 4 && !(i < t.len && is_word_char(t.at[i]));
}

static fallible
try_plate_split(struct doc *d, size_t i, size_t district, unsigned score)
{
    const uint32_t start = d->t.at[i].start;
    struct plate p = {0};
    if (!read_plate(d->text, start + district, &p) ||
        !is_district(str_slice(d->text, start, start + district)))
        return OK;
    const bool is_named = labels_have(&(struct labels){.all = doc_labels(d, i).all}, DETECT_KFZ);
    if (!is_named && !p.has_dash)
        return OK;
    return doc_add(d, start, p.end, DETECT_KFZ, is_named ? score + 10 : score);
}

static fallible
try_plate(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    const uint32_t len = t->end - t->start;
    if (!t->is_upper || len > 8 ||
        (t->is_glued && t[-1].kind != TOKEN_MARK && t[-1].kind != TOKEN_LINE))
        return OK;
    for (size_t k = 1; k <= len && k <= 4; k++) {
        const bool is_whole = k == len || doc_char(d, t->start + k) == '-';
        if (((uint8_t)doc_char(d, t->start + k) & 0xC0) != 0x80)
            TRY(try_plate_split(d, i, k, is_whole ? 80 : 60));
    }
    return OK;
}

fallible
rule_contacts(struct doc *d)
{
    TRY(find_emails(d));
    for (size_t i = 0; i < d->t.count; i++) {
        const struct token *const t = &d->t.at[i];
        if (t->kind == TOKEN_NUMBER) {
            TRY(try_ipv4(d, i));
            TRY(try_phone(d, i));
        }
        if (t->kind == TOKEN_WORD) {
            TRY(try_url(d, i));
            TRY(try_plate(d, i));
        }
        if (t->kind != TOKEN_LINE && !(t->is_glued && t[-1].kind != TOKEN_MARK))
            TRY(try_ipv6(d, i));
    }
    return OK;
}
