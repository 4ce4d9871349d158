"""The posts, pages and questions that a new installation starts with, for the owner to keep, change or replace.

They name no person, price, phone number or address: those are the owner's data, and pages show them beside this text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.utils.formats import date_format

from massagerx.lib.localtime import local
from massagerx.lib.pictures import Encoded
from services.models import Service

from .models import FaqEntry, Page, Picture, Post, Tag

# Drawn for this site by bin/draw_sample_covers; width and height in pixels.
_COVERS = Path(__file__).parent / "sample_covers"
_COVER_SIZE = (1600, 900)
_BETWEEN_BLOCKS = re.compile(r"(?<=>) (?=</?(?:p|h2|h3|ul|ol|li)>)")


@dataclass(frozen=True, slots=True)
class SamplePost:
    """`days_ago` is how long before loading the post appeared; `pinned` and `services` are slugs. `cover_alt` says what
    the picture of the post's name in `sample_covers` shows, `focus` (percent from the left and the top) where to look."""

    slug: str
    title: str
    summary: str
    body: str
    days_ago: int
    tags: tuple[str, ...]
    services: tuple[str, ...]
    cover_alt: str
    focus: tuple[int, int] = (50, 50)
    pinned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SamplePage:
    slug: str
    title: str
    meta_description: str
    body: str


@dataclass(slots=True)
class Loaded:
    """The rows that this call made; those that were there already, and may have been edited, are left alone."""

    tags: list[Tag] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    questions: list[FaqEntry] = field(default_factory=list)


TAGS = {
    "lymphatic-drainage": "Lymphatic drainage",
    "posture": "Posture",
    "in-home-visits": "In-home visits",
    "aftercare": "Aftercare",
}

_DRAINAGE = SamplePost(
    slug="manual-lymphatic-drainage-explained",
    title="Manual lymphatic drainage, explained simply",
    summary=(
        "What the lymphatic system does, what the strokes feel like, who asks for this mild massage, "
        "and how many visits people tend to book."
    ),
    days_ago=38,
    tags=("lymphatic-drainage",),
    services=("manual-lymphatic-drainage",),
    cover_alt="Fine pale streams that come down green hills and join, with a low sun behind the hills",
    focus=(50, 60),
    pinned=("after-a-lymphatic-drainage-session", "how-an-in-home-visit-works"),
    body="""
<p>Most people hear the words “manual lymphatic drainage” for the first time from a nurse, a surgeon or a friend
who had the same operation. The name sounds like plumbing. The massage itself is one of the mildest there is. Here
is what the words mean, what happens on the table, and what you can fairly expect.</p>

<h2>The quiet system under your skin</h2>
<p>Blood gets all the attention, but a second set of vessels runs through your body. It carries lymph, a clear fluid
that starts out between your cells. Lymph picks up waste that the cells no longer need and takes it along fine
vessels, many of them just under the skin. On the way it passes through small filters, the lymph nodes. That is why
the lymphatic system also plays a part in immunity: the nodes are where your body checks what is passing through.</p>
<p>The heart does not pump lymph. It moves slowly, helped by your breath, your muscles and tiny squeezes of the
vessels themselves. When part of the path is missing or damaged, the fluid can pile up behind it, much like cars
behind a closed lane.</p>

<h2>When fluid builds up</h2>
<p>Fluid that stays in an arm or a leg has a name: lymphedema. The limb can feel heavy, tight and tired, and a sleeve
or a shoe may stop fitting. Lymphedema is common after breast-cancer surgery, when nodes near the armpit have been
removed. It can also have other causes, and only a doctor can say which one is yours. If you have new swelling that
nobody has looked at yet, please see a doctor before you book any massage.</p>

<h2>What manual lymphatic drainage is</h2>
<p>Manual lymphatic drainage, or MLD for short, is also called lymphatic drainage massage. It is done by hand, with
slow and steady strokes that follow the lymph vessels and help built-up fluid move along them. People use it to ease
the discomfort that lymphedema brings to arms and legs.</p>
<p>The strokes change from place to place:</p>
<ul>
<li>small circles, made with the thumbs or the palms, where the space is narrow;</li>
<li>broad, sweeping strokes along the length of an arm or a leg;</li>
<li>wide, even contact with the forearm or the elbow on larger areas, still without force.</li>
</ul>
<p>If you know deep massage, the light touch will surprise you. That is on purpose. Many lymph vessels lie close to
the surface, so pressing hard would miss the point. You should feel your skin being moved, not your muscles being
worked. Nothing about it should hurt, and you can ask the therapist to stop or change something at any time.</p>

<h2>What you may notice, and when</h2>
<p>Many clients notice a change at once: a limb that feels lighter, or a joint that bends with less tightness around
it. Others notice little after the first visit. If you have lived with swelling for a long time, the difference can
be subtle, and it often takes several visits before you can tell. We would rather say that plainly than promise you
something. MLD is massage. It does not take the place of your doctor’s care, your compression garment or your
exercises.</p>
<p>It helps to keep simple notes: how the limb felt before, how it felt that evening, how it felt two days later. Our
post on <a href="/blog/after-a-lymphatic-drainage-session/">the day after a session</a> has more on what to look
for.</p>

<h2>Before you book</h2>
<p>Some health conditions do not go well with MLD, or need a word from your doctor first. So we ask you a few short
health questions while you book. Be open with them: they are there to keep you safe, and your answers are stored
encrypted. Depending on what you tell us, you can go straight on, or we may ask for a note from your doctor, or we
may ask you to call us instead of booking online.</p>
<p>Your own home is a good place for this kind of massage. There is no drive back while you feel relaxed, and your own
bed is in the next room. You can read <a href="/blog/how-an-in-home-visit-works/">how an in-home visit works</a> step
by step.</p>

<h2>Come and ask</h2>
<p>Lengths, prices and open times are on the
<a href="/services/manual-lymphatic-drainage/">manual lymphatic drainage page</a>. If you would like to talk first,
<a href="/contact/">call or write to us</a>. Tell us what you have been through and what bothers you most, and we will
tell you honestly whether a visit makes sense.</p>
""",
)

_AFTER = SamplePost(
    slug="after-a-lymphatic-drainage-session",
    title="The day after: what to expect once a session ends",
    summary=(
        "You may feel light, sleepy or no different at all. How to spend the hours after a lymphatic "
        "drainage session, and when to pick up the phone."
    ),
    days_ago=24,
    tags=("lymphatic-drainage", "aftercare"),
    services=("manual-lymphatic-drainage",),
    cover_alt="A cup and a glass of water on a window sill, with the morning sun over hills outside",
    focus=(58, 65),
    pinned=("manual-lymphatic-drainage-explained",),
    body="""
<p>The table is folded, the door has closed, and you are on your own sofa. Now what? People ask us this more than
almost anything else. The short answer is: take it easy, keep doing what your care team told you to do, and watch how
you feel. Here is the longer one.</p>

<h2>The first hour</h2>
<p>Get up slowly. Lying still for an hour and then standing up fast can make anyone light-headed. Sit on the edge of
the table first, then on a chair, and give yourself a minute.</p>
<p>If you wear a compression sleeve or stocking, put it back on as you were shown. Many people are told to wear it
right after massage, but your own instructions come first. If you are not sure what yours are, ask the person who
fitted it.</p>
<p>Drink when you are thirsty. There is no need to force down bottle after bottle. Massage is not a cleanse, whatever
you may have read.</p>

<h2>The rest of the day</h2>
<p>Feelings after <a href="/blog/manual-lymphatic-drainage-explained/">manual lymphatic drainage</a> differ a lot from
person to person. These are all common:</p>
<ul>
<li>You feel calm, or sleepy. The strokes are slow, and so are you for a while.</li>
<li>The arm or leg feels lighter or looser.</li>
<li>You feel no different. That happens too, above all after a first visit.</li>
</ul>
<p>Plan a quiet evening if you can. A short walk is fine, and gentle movement helps lymph along. Leave the hard workout,
the hot tub and the heavy lifting for another day, and keep to any limits that your doctor set for the limb.</p>

<h2>Two days later</h2>
<p>This is the best time to look back. Many clients notice a change at once, but it is just as useful to know how long
it lasted. If you have had swelling for years, the difference after one visit can be subtle, and it often takes
several visits before you can say whether it is worth your time.</p>
<p>A few lines in a notebook are enough:</p>
<ol>
<li>How did the limb feel before the visit: heavy, tight, sore, fine?</li>
<li>How did it feel that same evening?</li>
<li>How does it feel now, and can you do something today that was hard before?</li>
</ol>
<p>Show the notes to your therapist at the next visit. They say more than memory does, and they help the two of you
decide how far apart the visits should be, or whether to go on at all.</p>

<h2>Look after your skin</h2>
<p>Skin over a swollen limb needs some care. Keep it clean and dry it well. Use a plain lotion if it is dry. Protect it
from cuts, bug bites and sunburn, and keep an eye on small scratches. Your care team can tell you what matters most in
your case.</p>

<h2>When to pick up the phone</h2>
<p>Massage this light rarely leaves anyone sore. If something worries you, do not wait for the next visit.</p>
<ul>
<li>Call your doctor the same day if you get a fever, if the skin turns red, hot or painful, or if you have new
swelling, above all on one side only.</li>
<li>Call 911 if you are suddenly short of breath, have chest pain or cough up blood.</li>
<li>Call us, too, once you are looked after. We will move or cancel the next visit without fuss until your doctor is
happy for you to go on.</li>
</ul>
<p>We can’t tell you over the phone what a symptom means. That is your doctor’s job. But we do want to know, so that
nobody turns up with a table on a day when you should be resting.</p>

<h2>Planning the next one</h2>
<p>You do not have to decide on the spot. Some people book every week for a while, some once in a season. When you are
ready, you can see open times on the
<a href="/services/manual-lymphatic-drainage/">manual lymphatic drainage page</a>. If this will be your first visit
at home, have a look at <a href="/blog/how-an-in-home-visit-works/">how an in-home visit works</a>. And if you would
rather talk it through with a person, <a href="/contact/">get in touch</a> by phone or email.</p>
""",
)

_POSTURE = SamplePost(
    slug="posture-is-a-habit",
    title="Posture is a habit, and habits can be trained",
    summary=(
        "Why “sit up straight” never lasts, how our Postural Correction Training Program is built around "
        "one person, and how to get the booklet."
    ),
    days_ago=15,
    tags=("posture",),
    services=("postural-correction-training",),
    cover_alt="A young plant that has grown upright, leaf by leaf, in front of the sun",
    focus=(50, 50),
    pinned=("how-an-in-home-visit-works",),
    body="""
<p>“Sit up straight.” You have heard it since grade school, and each time it worked for about a minute. That is not
because you are lazy. The way you hold yourself is a habit, like the way you sign your name. You can’t drop it by trying
hard for a moment. You can train it, a little at a time.</p>

<h2>What posture really is</h2>
<p>There is no single right way to stand that suits every body. Posture is simply how you carry yourself against
gravity, all day, mostly without thinking. It is shaped by your work, your sport, old injuries, the bag on your
shoulder and the height of your screen. Two people with the same stiff neck may have come to it by very different
roads.</p>
<p>That is why a list of ten exercises from the internet so often goes nowhere. Five of them were meant for someone
else. You do all ten for a week, feel no better for it, and stop.</p>

<h2>A program made for one person</h2>
<p>Our Postural Correction Training Program starts from you. It is made to fit the sport you play or the fitness plan
you already follow, so it does not pull against it. A runner, a tennis player and someone who lifts twice a week need
different things, and so does a person whose whole sport is getting through a day at a desk.</p>
<p>It works in three steps, and we come back to each of them as you go on:</p>
<ol>
<li><strong>Look.</strong> The therapist watches how you stand, sit, bend and reach, and asks what your days and your
training are like. Together you find your own problem areas: the few places where your habits cost you the most.</li>
<li><strong>Learn.</strong> You are taught a personal corrective program: a small set of exercises and reminders for
those areas. You do them while someone watches, so you know what right feels like.</li>
<li><strong>Keep going.</strong> At the next visit we see what stuck and what did not. We drop what you do not need and
add the next step.</li>
</ol>
<p>The aim is that one day you do not need us for it. The program is yours. It should fit into the gaps of a normal
week, not take it over.</p>

<h2>Why at home</h2>
<p>In a studio you stand well because someone is looking. At home we get to see the real thing: the chair you work in,
the couch you read on, the counter that is two inches too low. Often one small change in the room does more than a new
exercise. You also learn the program in the very spot where you will do it, with no machines that you do not own.</p>
<p>You need clothes that you can move in and a clear patch of floor about the size of a yoga mat. The rest is told in
our post on <a href="/blog/how-an-in-home-visit-works/">how an in-home visit works</a>.</p>

<h2>Three small things to try today</h2>
<p>These are not a program. They cost nothing, and they show you how much of posture is habit.</p>
<ul>
<li>Set your phone to buzz once an hour. When it does, do not “fix” yourself. Just notice: where is your head, where is
your weight, are you holding your breath?</li>
<li>Change position before you are stiff. The best way to sit is the next one.</li>
<li>Bring the screen up to your eyes, not your eyes down to the screen.</li>
</ul>
<p>If a movement hurts, leave it out. If you have pain that came on suddenly, numbness, or an injury that no one has
looked at, see a doctor before you start any training, ours included.</p>

<h2>Ask for the booklet</h2>
<p>We have a booklet about the program that you can read in one sitting. It is a good way to find out whether this is
for you. <a href="/services/postural-correction-training/booklet/">Ask for it here</a>, or <a href="/contact/">write or
call</a>, and we will send it to you.</p> <p>When you would like someone to look at your own posture, you will find
lengths, prices and open times on the <a href="/services/postural-correction-training/">Postural Correction Training
Program page</a>. And if a heavy, swollen arm or leg is your real trouble, read about
<a href="/blog/manual-lymphatic-drainage-explained/">manual lymphatic drainage</a> first. It is another kind of visit
altogether. Not sure which one? Write to us and we will help you choose.</p>
""",
)

_AT_HOME = SamplePost(
    slug="how-an-in-home-visit-works",
    title="How an in-home visit works, from booking to goodbye",
    summary=(
        "What we bring, how much room we need, what happens at the door and on the table, and what to tell us "
        "so that your visit starts on time."
    ),
    days_ago=6,
    tags=("in-home-visits",),
    services=("manual-lymphatic-drainage", "postural-correction-training"),
    cover_alt="A path that winds past green hills to a small house with its door lit",
    focus=(72, 50),
    pinned=("manual-lymphatic-drainage-explained", "posture-is-a-habit"),
    body="""
<p>Letting someone you have never met into your home is a matter of trust. It helps to know what will happen. So here is
a whole visit, from the first click to the moment the door closes again.</p>

<h2>Booking</h2>
<p>You choose a service and a length, and you give us your ZIP code. We tell you right away whether we come to you, and
you see the full price, with travel in it, before you choose a time. If we do not drive to your area, we say so. You can
still call us and ask.</p>
<p>Then you pick a day and a time. The times you see are ones that a therapist can really keep. The drive across town,
the set-up and the visit before yours are already counted in. All times are Los Angeles time.</p>
<p>Next come your details, and a few health questions. Please answer those with care, even if you have had a hundred
massages. They tell the therapist what to be mindful of, and sometimes they mean that we need a word from your doctor
before we come. Your answers are stored encrypted, and every time someone on our team opens them it is written down.</p>
<p>Some bookings are confirmed at once. Others are a request first, which a person on our team reads and answers. Either
way you get an email that says where things stand.</p>

<h2>What to tell us</h2>
<p>Los Angeles is a city of gates, permits and third-floor walk-ups. A therapist with a table under one arm will thank
you for details:</p>
<ul>
<li>where to park, and whether a permit is needed;</li>
<li>stairs or an elevator, and how many floors;</li>
<li>the gate or door code, which is stored encrypted and never put in an email;</li>
<li>pets, even the sweet ones.</li>
</ul>

<h2>Getting the room ready</h2>
<p>There is little to do. For massage we need a space about the size of a large rug, so that the therapist can walk
around the table. A living room with the coffee table moved aside is fine. Make the room a bit warmer than you normally
would, since you will be lying still. For posture work, a clear patch of floor is enough.</p>
<p>The therapist brings the table, fresh linens and whatever else the visit calls for. You do not need to buy
anything.</p>

<h2>At your door</h2>
<p>The therapist’s name is in your confirmation, so you know whom to expect. Setting up takes a few minutes and does not
come out of your time. Meanwhile you talk: how are you today, what has changed since you booked, what would you like
from this visit?</p>
<p>If you have a fever, feel ill, or something in your health is new, say so, best of all before we set off. Moving a
visit is always better than having one on the wrong day.</p>

<h2>On the table</h2>
<p>The therapist leaves the room while you get ready. You lie under a sheet, and only the part being worked on is
uncovered. You can talk or be quiet, have music or none, and keep on as much clothing as you like. If the touch is too
firm, too light or simply not for you, say so and it changes. You can end the visit at any moment, without giving a
reason. The same goes for the therapist. This is professional massage and nothing else.</p>
<p>What the visit is like depends on what you booked. Our post on
<a href="/blog/manual-lymphatic-drainage-explained/">manual lymphatic drainage</a> tells you about slow, light work for
arms and legs. <a href="/blog/posture-is-a-habit/">Posture training</a> is done on your feet, in the rooms where you
live.</p>

<h2>Afterward</h2>
<p>You stay where you are. The therapist packs up while you come back to yourself, and you do not have to drive
anywhere. If you had lymphatic drainage, you may like to read
<a href="/blog/after-a-lymphatic-drainage-session/">what to expect the day after</a>.</p>

<h2>Ready when you are</h2>
<p>Choose between <a href="/services/manual-lymphatic-drainage/">manual lymphatic drainage</a>,
<a href="/services/postural-correction-training/">postural correction training</a> and
<a href="/services/">the other services</a> that we bring to your home. If a question is still open, look in
<a href="/faq/">questions and answers</a>, or <a href="/contact/">call or write to us</a>. A real person will
answer.</p>
""",
)

POSTS = (_DRAINAGE, _AFTER, _POSTURE, _AT_HOME)

# %(effective)s is the day of loading.
PAGES = (
    SamplePage(
        slug="about",
        title="About us",
        meta_description="Massage Rx brings in-home massage therapy to Los Angeles, with care for people and their time.",
        body="""
<p>Massage Rx is a small group of massage therapists who drive to people’s homes in Los Angeles. You stay where you are.
We bring the table, the linens and our full attention.</p>
<h2>Why we come to you</h2>
<p>After surgery, with a heavy arm or a leg that swells, the hardest part of a massage can be the trip there and back.
The same is true when your week is simply full. At home there is no waiting room, no parking and no drive while you
still feel half asleep. You rest in your own bed or get on with your day.</p>
<h2>What we do</h2>
<p>Two kinds of visits are close to our hearts.
<a href="/services/manual-lymphatic-drainage/">Manual lymphatic drainage</a> is a mild, slow massage that people ask for
when lymphedema makes an arm or a leg uncomfortable. Our
<a href="/services/postural-correction-training/">Postural Correction Training Program</a> teaches you a corrective plan
of your own, made to fit your sport or fitness routine. You will find all the rest under
<a href="/services/">services</a>.</p>
<h2>How we work</h2>
<ul>
<li>We are on time because we plan the drive, not because we rush the visit before yours.</li>
<li>You see the full price, with travel and every fee in it, before you send your request.</li>
<li>We ask about your health before we come, and we say no when a visit would not be safe.</li>
<li>We tell you what massage can offer and what it can’t. For a medical question, your doctor comes first.</li>
</ul>
<h2>Who comes</h2>
<p>You can read about each of <a href="/therapists/">our therapists</a>, with the number of the certificate that each
one holds from the California Massage Therapy Council. Your confirmation says who will be at your door.</p>
<p>Would you like to know more? <a href="/contact/">Call or write to us</a>, or see
<a href="/blog/how-an-in-home-visit-works/">how a visit works</a>.</p>
""",
    ),
    SamplePage(
        slug="policies",
        title="Our policies",
        meta_description="The terms of an in-home massage visit in Los Angeles: moving and canceling, being on time, health, price and respect.",
        body="""
<p>These are the rules that keep visits calm and fair. The terms that you agree to when you book, with the exact notice
we ask for and any fee, are at the foot of this page, and you see them again before you send a booking. They stay the
terms of that visit, whatever we change later.</p>
<h2>Moving or canceling</h2>
<p>Plans change. Move or cancel by the link in any email about your visit, under <a href="/visits/">my visits</a>, or by
<a href="/contact/">phone or email</a>, as early as you can. A therapist who is already on the road can’t be booked by
anyone else, so a late change may have a fee. The terms at the foot of this page name it. You can always cancel, at any
hour. If you are ill or your doctor says no, call us: we would much rather move a visit than come on the wrong day.</p>
<h2>If we have to change something</h2>
<p>When a therapist falls ill or the road is closed, we call or email you right away. You choose another time or cancel,
and you pay nothing for the visit that did not take place.</p>
<h2>Time</h2>
<p>Your visit is as long as you booked. Setting up and packing away are not taken from it. If we are late, we call
you and make it right with you. If we can’t start because nobody comes to the door, we wait and try to call you, and
after that the visit may count as missed.</p>
<h2>Price</h2>
<p>You see one total before you book. Travel to your ZIP code and every fee that you must pay are part of it.</p>
<h2>Your health</h2>
<p>We ask health questions with each booking. Answer them as well as you can, and tell us when something changes. Some
answers mean that we need a note from your doctor first, which you hand in by the form on our
<a href="/contact/">contact page</a>, and some mean that we can’t come for now. Massage is not medical
care. In an emergency, call 911.</p>
<h2>Respect</h2>
<p>Our work is professional massage. You are covered at all times except for the part being worked on. Either side can
end a visit at any moment. A visit that is ended because of unwelcome behavior may be charged in full, and we do not
come back.</p> <h2>Young people</h2>
<p>Anyone under 18 needs a parent or guardian who agrees to the visit and stays there for all of it.</p>
""",
    ),
    SamplePage(
        slug="privacy",
        title="Privacy",
        meta_description="What Massage Rx in Los Angeles collects when you visit this site or book, why, who sees it, and how to have it deleted.",
        body="""
<p>Effective %(effective)s</p>
<p>You let us into your home. We owe your information the same care. This page says what we collect, why, who sees it
and what you can ask us to do.</p>
<h2>What we collect</h2>
<ul>
<li><strong>To plan a visit:</strong> your name, email address, phone number, street address and ZIP code, the service
and the time you choose, and what the therapist must know to reach your door, such as parking or a gate code.</li>
<li><strong>To keep you safe:</strong> your answers to our health questions, and a note from your doctor when one is
needed.</li>
<li><strong>To show what was agreed:</strong> which terms you accepted, and when.</li>
<li><strong>When you cancel or move late:</strong> why, if you tell us, whether you ask us to waive the fee, and what we
decided.</li>
<li><strong>When you write or call:</strong> what you tell us. What you write in the form on our contact page, and our
answer, are stored encrypted.</li>
<li><strong>When you ask for the booklet:</strong> your name, your email address, and whether we may write to you later.
We may only if you tick the box, and you can take that back at any time.</li>
<li><strong>To keep the site running:</strong> a log of which page types were asked for and how long they took. It holds
no names and no addresses.</li>
</ul>
<h2>Why we use it</h2>
<p>To answer you, to plan the drive, to come to the right door, to make sure that a visit is safe for you, and to keep
the records that the law asks of us. We do not sell your information. We do not use it for advertising.</p>
<h2>Your health answers</h2>
<p>They are kept apart from the rest of your booking and stored encrypted. So are gate codes and notes about your home.
Only staff who need the answers can open them, and each look is logged with who, when and why. Health answers and gate
codes are never put in an email or in a calendar entry.</p>
<h2>Who sees your information</h2>
<p>The therapist who comes to you, and the people on our team who plan visits. The companies that run our server and
deliver our email handle it on our behalf and for nothing else. A therapist who asks a map app for the way gives it your
street address, without your name. We hand information to others only when the law requires it.</p>
<h2>Cookies and tracking</h2>
<p>This site sets cookies only to keep your place while you book and to protect its forms. It loads nothing from other
companies: no ads, no social media buttons, no analytics, no outside fonts. No other company collects information about
you here over time or across sites.</p>
<p><strong>Do Not Track.</strong> Since we do not track anyone, the site works in the same way whether or not your
browser sends a “Do Not Track” signal.</p>
<h2>How long we keep it</h2>
<p>A booking that you start and do not send is deleted soon after. Bookings and what belongs to them are kept while you
are a client and then for as long as the law asks us to keep business records. Health answers are deleted two years
after your last visit. Messages from the contact page and requests for the booklet are deleted after 400 days.</p>
<h2>See it, correct it, have it deleted</h2>
<p>Write or call, using the details on our <a href="/contact/">contact page</a>, and tell us what you would like: a copy
of what we hold about you, a correction, or deletion. We will make sure that it is you who asks. If there is something
that the law makes us keep, we will tell you what it is and why.</p>
<h2>Children</h2>
<p>This site is for adults. Visits for a person under 18 are booked by a parent or guardian.</p>
<h2>When this page changes</h2>
<p>We put the new text here with a new date at the top. If a change matters for information that you have already given
us, we write to you before it takes effect.</p>
""",
    ),
    SamplePage(
        slug="contact",
        title="Contact us",
        meta_description="Call or write to Massage Rx in Los Angeles: questions, the posture booklet, or help with a booking.",
        body="""
<p>Call or write, whichever you like better. A person reads every message. We can help you choose a service, book for
you over the phone, or change a visit that is already on the calendar.</p>
<h2>The posture booklet</h2>
<p>Our booklet about the <a href="/services/postural-correction-training/">Postural Correction Training Program</a> is
yours for the asking. <a href="/services/postural-correction-training/booklet/">Ask for it here</a>, or call and say
where it should go.</p> <h2>Before you write about your health</h2>
<p>Please keep health details out of email. Use the form here, which we keep encrypted. A note from your clinician goes
into it too: write what they say, with their name and phone number. If you may be having an emergency, call 911.</p>
""",
    ),
    SamplePage(
        slug="faq",
        title="Questions and answers",
        meta_description="Short answers about in-home massage visits in Los Angeles: area, price, room, health and changes.",
        body="""
<p>Here is what people ask us most. If yours is not among them, <a href="/contact/">call or write to us</a>.</p>
""",
    ),
)

QUESTIONS = (
    (
        "Do you come to my neighborhood?",
        "<p>Give us your ZIP code when you start <a href='/book/'>booking</a>, and you will see at once whether we come to"
        " you. If the answer is no, call us anyway. We may be able to help.</p>",
    ),
    (
        "What will it cost?",
        "<p>Each service page shows lengths and prices. Once you have given your ZIP code you see one total with travel and"
        " every fee in it, before you choose a time. If an evening costs more, the price is"
        " shown beside the time. The total that you agree to is what you pay.</p>",
    ),
    (
        "How much room do you need?",
        "<p>Enough for a table and for someone to walk around it: about the size of a large rug. A living room with the"
        " coffee table moved aside will do. Posture training needs a clear patch of floor.</p>",
    ),
    (
        "What should I have ready?",
        "<p>Very little. We bring the table and clean linens. Make the room warm, find a spot for your pets, and tell us how"
        " to park and get in.</p>",
    ),
    (
        "Is my visit confirmed as soon as I book?",
        "<p>Sometimes it is. Sometimes a person on our team looks at your request first, above all when you are new to us or a"
        " health answer needs a second look. Your time is held for you meanwhile, and we email you either way.</p>",
    ),
    (
        "Why do you ask about my health?",
        "<p>Because some conditions do not go well with massage, or need a doctor’s word first. Your answers are stored"
        " encrypted, and only those who need them for your visit can open them. Read more under"
        " <a href='/privacy/'>privacy</a>.</p>",
    ),
    (
        "Is manual lymphatic drainage right for me?",
        "<p>Ask your doctor first if you have swelling, had surgery not long ago, or live with a health condition. Our post"
        " <a href='/blog/manual-lymphatic-drainage-explained/'>explains what it is</a>, and you can always call us to talk it"
        " over.</p>",
    ),
    (
        "How many visits will I need?",
        "<p>Nobody can say beforehand. Many clients notice a change after the first visit. With swelling that has been there"
        " for a long time it often takes several, and the difference can be subtle. You decide after each one.</p>",
    ),
    (
        "Can I book for someone else, or for two people?",
        "<p>Yes. Say so when you book, and give the name of the person who will be on the table. Most services can be booked"
        " for two people at one address, one after the other.</p>",
    ),
    (
        "How do I move or cancel a visit?",
        "<p>Open the link in any email about your visit, or find it under <a href='/visits/'>my visits</a>. There you can move"
        " it to another free time, or cancel it at any hour. You can also <a href='/contact/'>call or write to us</a>. Close to"
        " the visit there may be a late fee, which our <a href='/policies/'>policies</a> name; when you are ill we waive it.</p>",
    ),
    (
        "How do I get the posture booklet?",
        "<p><a href='/services/postural-correction-training/booklet/'>Ask for it here</a>, or by <a href='/contact/'>email or phone</a>, and we will send it to you. You can read about the program"
        " itself on <a href='/services/postural-correction-training/'>its page</a>.</p>",
    ),
)


def load(*, now: datetime) -> Loaded:
    """Makes what is not there yet; a second call makes nothing. Load the sample services before.

    `now` is an aware instant: posts are dated back from it, and the privacy page takes effect on its local day.
    """
    loaded = Loaded()
    for slug, name in TAGS.items():
        tag, made = Tag.objects.get_or_create(slug=slug, defaults={"name": name})
        if made:
            loaded.tags.append(tag)
    pins: list[tuple[Post, tuple[str, ...]]] = []
    for sample in POSTS:
        post, made = Post.objects.get_or_create(
            slug=sample.slug,
            defaults={
                "title": sample.title,
                "summary": sample.summary,
                "body": _one_line(sample.body),
                "status": Post.Status.PUBLISHED,
                "published_at": now - timedelta(days=sample.days_ago),
            },
        )
        if made:
            post.cover = _cover(sample, now)
            post.save(update_fields=["cover"])
            post.tags.set(Tag.objects.filter(slug__in=sample.tags))
            post.services.set(Service.objects.filter(slug__in=sample.services))
            pins.append((post, sample.pinned))
            loaded.posts.append(post)
    # Once all posts are there, since they point at each other.
    for post, slugs in pins:
        post.pinned_posts.set(Post.objects.filter(slug__in=slugs))
    for sample_page in PAGES:
        page, made = Page.objects.get_or_create(
            slug=sample_page.slug,
            defaults={
                "title": sample_page.title,
                "meta_description": sample_page.meta_description,
                "body": _one_line(sample_page.body).replace(
                    "%(effective)s", date_format(local(now), "F j, Y")
                ),
            },
        )
        if made:
            loaded.pages.append(page)
    for position, (question, answer) in enumerate(QUESTIONS, start=1):
        row, made = FaqEntry.objects.get_or_create(
            question=question, defaults={"answer": answer, "position": position * 10}
        )
        if made:
            loaded.questions.append(row)
    return loaded


def _cover(sample: SamplePost, now: datetime) -> Picture:
    """A picture of the library; its smaller sizes are made in the background like any other's."""
    data = (_COVERS / f"{sample.slug}.webp").read_bytes()
    cover = Picture(alt=sample.cover_alt, focal_x=sample.focus[0], focal_y=sample.focus[1])
    cover.put_away(Encoded(data, *_COVER_SIZE), now=now)
    cover.save()
    return cover


def _one_line(html: str) -> str:
    """The editor's own way of writing: no line breaks within blocks, nothing between them."""
    return _BETWEEN_BLOCKS.sub("", " ".join(html.split()))
