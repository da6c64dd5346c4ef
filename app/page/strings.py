"""Every word that the page shows, in one place, so that a translation or a correction touches one file."""

from __future__ import annotations

TITLE = "Riffusion Dub"
TAGLINE = "New music for one part of your video. The rest stays exactly as it is."

# 1 The video
VIDEO_LABEL = "Video"
VIDEO_EMPTY = "Drop a video above or try an example: its length, size and sound will appear here at once."
EXAMPLES = (
    ("harbour.mp4", "Harbour: a voice, 20 s"),
    ("street.mp4", "Street: traffic, 15 s"),
    ("balloons.mp4", "Balloons: silent, upright, 8 s"),
)
FACTS_LABEL = "Facts about the video"
FRAMES = ("{n} frame", "{n} frames")
KEYFRAMES = ("{n} keyframe", "{n} keyframes")
NO_SOUND = "no sound"

# 2 The part
N_PARTS_LABEL = "Number of parts"
N_PARTS_HELP = "Or drag any range on the timeline."
EQUAL_PARTS = "Equal parts"
SPLIT_CHOICES = (
    ("Exact, nothing re-encoded", "exact"),
    ("Re-encode, clean starts", "reencode"),
    ("At keyframes only", "keyframe"),
)
STRIP_LABEL = "Choose the part that gets new music"
STRIP_EMPTY = "The parts of your video will appear here. Click one, or use the arrow keys."
PART_LABEL, PART = "Part", "Part {part}"
DUBBED_BADGE = "new music"

# The film and its timeline
STAGE_LABEL = "Your film"
STAGE_BEFORE, STAGE_AFTER = "The film as it came", "The film with new music"
STAGE_UNMUTE = "Turn the sound on"
PLAY, PAUSE = "Play", "Pause"
SIDES = "Which sound"
LOOP_RANGE = "Repeat the chosen range"
FULL_SCREEN = "Full screen"
KEYS = "Keys"
KEYS_HELP = (
    ("Space, K", "play or pause; pause"),
    ("← →", "one frame back or on"),
    ("Shift ← →", "one part back or on"),
    ("J L", "slower, backwards; faster"),
    ("I O", "the range begins or ends here"),
    ("B", "before or after"),
    ("Alt while dragging", "only to frames, not to cuts and bars"),
)
TIMELINE_LABEL = "Timeline"
TIMELINE_HELP = "Click to go there; drag to mark a range for new music."
RANGE_WORDS = "Range"
RANGE_START, RANGE_END, PLAYHEAD = "Start of the range", "End of the range", "Moment in the film"
LANE_OLD, LANE_NEW, LANE_LOOKING = "Own sound", "New music", "Looking through the film …"
MUSIC_LANE = ("New music in {n} part, with its bars", "New music in {n} parts, with its bars")
FOLLOW_LANE = ("How much happens in the picture, and {n} cut", "How much happens in the picture, and {n} cuts")

# The status card
CARD_HEADING = "Summary"
CARD_DURATION = "Length of the video"
CARD_PROMPT = "Applied prompt"
CARD_N_PARTS = "Parts"
CARD_PART = "Chosen part"
CARD_PART_DURATION = "Length of each part"
CARD_TIMELINE = "Time range of the chosen part"
CARD_NO_PROMPT = "none yet"
CARD_NOTHING = "–"

# 3 The music
MUSIC_HEADING = "The music"
PROMPT_LABEL = "Prompt"
PROMPT_HELP = "Describe the music; Enter, Apply or leaving the field applies it."
PROMPT_PLACEHOLDER = "calm piano and strings, slow, warm"
APPLY = "Apply"
READING_OFF = "No score is written: the checkpoint gets your words as they are."
READING_OWN = "Your own score is painted; the words say how it sounds."
READING_EMPTY = "What is understood of your words will appear here."
WORDS_HEADING = "Words that the music knows"
WORDS_TEMPO, WORDS_KEY = "Beats a minute", "In the key of"
NEGATIVE_PLACEHOLDER = "vocals, noise"
PROMPT_EXAMPLES = (
    "calm piano, slow, warm",
    "upbeat electronic dance music, 120 BPM",
    "acoustic guitar, folk, gentle",
    "dark ambient pads, slow, cold",
    "funk bass and drums, groovy, 100 BPM",
)

# The score
SCORE_HEADING = "Score"
SCORE_INTRO = "The music is written down first, then painted. What you set here goes over the words of the prompt."
SCORE_CHOICES = (("Automatic", "auto"), ("Always", "on"), ("Never", "off"))
FOLLOW_CHOICES = (("Both", "both"), ("Cuts", "cuts"), ("Motion", "motion"), ("Nothing", "off"))
BY_WORDS = "as prompted"
MIDI_ENDINGS = (".mid", ".midi")
MIDI_READ = "{facts}. It lasts {seconds:.1f} s and is painted as it is; the prompt says how it sounds."
MIDI_NAME = "your file"

# Suggest from the video
SUGGEST_HEADING = "What the picture says"
SUGGEST_INTRO = "The eye in the prompt field looks at stills from the chosen range, or at the one that you choose here."
STILLS_BUTTON = "Show stills"
STILLS_EMPTY = "Stills from the whole video and from the chosen part will appear here."
STILLS_LABEL = "Choose a still, or all of them"
STILLS_ALL = "All of them"
STILLS_COUNT_LABEL = "Number of stills"
STILLS_COUNT_HELP = "This many from the video and from the part, spread evenly."
READ_PICTURE = "Read the picture: find words for the chosen range"
SAW = "What it saw: {saw}."
SAW_TEMPO = "Suggested tempo: {bpm} BPM."
FOUND = "The picture suggests:"
USE_FOUND = "Use this prompt"

# Additional settings
SETTINGS_HEADING = "Additional settings"
SETTINGS: dict[str, tuple[str, str]] = {
    "score": ("Write a score", "Automatic: where the checkpoint was trained to paint one."),
    "follow": ("Follow the picture", "Cuts fall on beats; motion makes the music fuller."),
    "midi": ("Your own score", "A MIDI file that is painted instead of a written score."),
    "split_mode": ("How to cut", "What this means for your video appears under its parts."),
    "model": ("Checkpoint", "auto uses riffusion on a CUDA GPU and the built-in pocket elsewhere."),
    "loudness": ("Loudness", "Match the part's original sound, or set a level of your own."),
    "loudness_lufs": (
        "Level in LUFS",
        "For Fixed level: -14 is usual for video sites, -16 for podcasts, -23 for television.",
    ),
    "columns": ("Output columns", "How many parts to show side by side in the results, 1 to 21."),
}
"""Label and one line of help, where the page's are not those of the table of options (app/settings/options.py)."""
OWN_VALUES = "Back to the checkpoint's own values"
SEED_PLACEHOLDER = "a new one each time"
DICE = "Random seed"
SOUND_CHOICES = (("Replace", "replace"), ("Under", "under"), ("Duck", "duck"))
LOUDNESS_CHOICES = (("Match the original", "match"), ("Fixed level", "fixed"))

# Run
RUN = "Split-n-Generate"
CANCEL = "Cancel"
REASON_NO_VIDEO = "Upload a video first."
REASON_NO_PROMPT = "Write a prompt, or let the eye read the picture."
REASON_NO_WORDS = "The prompt has no words in it: describe the music in words, such as calm piano, slow."
UNREAD = (
    "Nothing in the applied prompt was understood, so the music may be anything. "
    "Name an instrument, a mood, a genre or a tempo to be sure."
)
TOKENS = "{n} of {limit} tokens."
TOKENS_OVER = "{n} tokens, but only the first {limit} are read: shorten the prompt."
REASON_DRAFT = "The prompt has changed: press Enter or Apply, or leave the field."
WAITING = "Waiting for a free place"
WAITING_PLACE = "You are number {place} in the queue."
JOBS_RUNNING = ("{n} job is running.", "{n} jobs are running.")
STARTING = "Starting"
STOPPED = "Stopped. Nothing was left behind; everything you had before is still here."
STOPPING = "Stopping after the current step"
INTERNAL_ERROR = (
    "Something went wrong inside the program; the server's log has the details. Nothing of yours was changed."
)
STILLS_CHANGED = "The stills have changed: show them again and choose one, or choose none."
PARTS_CHANGED = "The parts have just changed: look at the filmstrip, then press the button again."
BUSY = "A run is in progress: wait until it ends, or cancel it first."
NO_RESULT = "There is no result yet: make music for a part first."
SESSION_LOST = "This page was open for so long that its files were deleted: reload it and upload the video again."
NO_FILE = "There is no video: give a file, or the http or https address of one."
NOT_FETCHED = (
    "The file could not be fetched from {host}: give a public http or https address that answers, or upload the file."
)
FETCH_STATUS = "{host} answered {status} instead of the file: check the address, or upload the file."
FETCH_TOO_LARGE = "The file at {host} is larger than {limit} MB, the limit here: choose a smaller one."
NO_SUCH_RESULT = "There is no result {id}: it was deleted, or is another visitor's. Make it again."
OTHER_FILM = "Result {id} is of another video: leave it out to begin a new film."
NOT_YOURS = "That file is not from this visit: upload it here first."
STAGES: dict[str, str] = {
    "look": "Looking at the picture",
    "suggest": "Finding words for the picture",
    "watch": "Watching for cuts and motion",
    "probe": "Reading the film",
    "split": "Cutting the film",
    "download": "Fetching the checkpoint",
    "load model": "Warming up",
    "generate": "Making the music",
    "decode": "Painting the last details",
    "invert": "Turning it into sound",
    "mix": "Mixing",
    "mux": "Putting the film together",
    "check": "Checking that nothing else changed",
    "archive": "Packing the archive",
}
STEP_OF = "step {done} of {total}"
TIME_LEFT = "about {seconds} left"
TIME_UNKNOWN = "working out how long"
TOOK = "It took {seconds}"
DONE = "Part {part} has new music: it plays above."
ELAPSED = "{seconds} so far"

# The mixer
MIXER_HEADING = "Mixer"
MIXER_INTRO = "Heard at once while the film plays; Apply mix writes it into the film and makes no new music."
HEAR_MIX = "Hear this mix"
APPLY_MIX = "Apply mix"
MIXER = {
    "mix_gain": ("Level", "Music against the original, in dB, for Under and Duck."),
    "mix_fade_in": ("Fade in", "Seconds."),
    "mix_fade_out": ("Fade out", "Seconds."),
    "mix_depth": ("Duck depth", "How far the music goes down under speech, in dB; 0 goes down to the level."),
    "mix_attack": ("Duck attack", "Seconds before speech."),
    "mix_release": ("Duck release", "Seconds after speech."),
}

# Results
RESULTS_HEADING = "Results"
RESULTS_EMPTY = "Nothing has been made yet. Your parts, the new music and the whole film will appear here."
DETAIL_HEADING = "Part {part}: the music"
BEFORE = "Before"
AFTER = "After"
TAKE = "Take {take}"
TAKE_SEED = "seed {seed}"
DRAWN = "As a picture and as a score"
USE_TAKE = "Use this take"
TAKE_IN_USE = "in the film"
SPECTROGRAM_ALT = "Spectrogram of take {take}: time from left to right, low notes at the bottom"
# The piano roll
LAYERS = {"lead": "Lead", "chords": "Chords", "bass": "Bass", "drums": "Drums"}
MAJOR, MINOR = "major", "minor"
DRUM_KIT = "{name} kit"
PERCUSSION = "percussion"
OTHER_PROGRAM = "General MIDI program {number}"
ROLL_ALT = "Score of {name}: {facts}."
ROLL_BARS = ("{n} bar", "{n} bars")
ROLL_SECTIONS = "sections {names}"
ROLL_MORE = "and so on to"
ROLL_ACCENTS = ("{n} accent on the picture", "{n} accents on the picture")
LANE = {
    "energy": "How much happens in the picture",
    "met": "Cut that the music meets",
    "missed": "Cut that falls between beats",
    "peak": "Peak of motion that it meets",
}
LANE_ALT = "What the music follows: {facts}."
LANE_CUTS = "{met} of {n} cuts are met"
LANE_PEAKS = ("{n} peak of motion is met", "{n} peaks of motion are met")
LANE_ENERGY = "the curve shows how much happens in the picture"
ROLL_ACCENT_KEY = "Accent: the music meets the picture"
DOWNLOAD_SOUND = "Download WAV"
DOWNLOAD_SCORE = "Download MIDI"
DOWNLOAD_TIMELINE = "Download the timeline for editing programs (OpenTimelineIO)"
DOWNLOAD_PICTURE = "Download spectrogram"
MADE_PROMPT = "Prompt"
MADE_NEGATIVE = "Negative prompt"
MADE_LOUDNESS = "Loudness"
MADE_SEED = "Seed"
MADE_GENERATION = "Guidance, steps, scheduler"
MADE_MODEL = "Checkpoint"
MADE_SOUND = "Sound"
MADE_HEADING = "How it was made"
MADE_LEVEL = "{reached} (target {target:.1f} LUFS: {source})"
MADE_PEAK = "true peak {peak:.1f} dBTP"
MADE_LICENCE = "{model} (licence: {licence})"
MADE_MUSIC_LEVEL = "{mode}, music at {gain} dB"
SILENT = "silent"
UNDO = "Undo part {part}"
UNDO_NONE = "Undo"
PARTS_GRID_HEADING = "All parts"
DOWNLOAD_ARCHIVE = "Download archive"
FILM_NAME = "{video} - new music"
DOWNLOAD_FILM = "Download film"
HISTORY_HEADING = "Takes made in this session"
HISTORY_EMPTY = "Each take you make in this session will be listed here with its seed."
HISTORY_COLUMNS = ("Time", "Part", "Prompt", "Seed", "Checkpoint", "Seconds")
CANNOT_PLAY = "This browser cannot play this kind of file: download the film or the archive and open it in a player."

# Checkpoint status
MODEL_LOADING = "Checkpoint {name} is loading; you can set everything up in the meantime."
MODEL_READY = "Checkpoint {name} is ready."
MODEL_WAITING = "The checkpoint will be loaded with the first job."
THEME_TOGGLE = "Switch between light and dark"
LINK_HEADING = "Open on another device"
LINK_LABEL = "Link to this session"
LINK_COPY, LINK_COPIED = "Copy", "The link is copied."
LINK_HINT = (
    "Whoever has this link has this session: they see your film and your results and can change them, until the files "
    "are deleted after {n} minute without use.",
    "Whoever has this link has this session: they see your film and your results and can change them, until the files "
    "are deleted after {n} minutes without use.",
)
FOOTER = (
    "Only you can see your files, and whoever has your link; they are deleted after {n} minute without use.",
    "Only you can see your files, and whoever has your link; they are deleted after {n} minutes without use.",
)

# Limits
TOO_LONG = "This video lasts {duration}, but the longest accepted here is {limit}: shorten it first."
TOO_LARGE = "This file is {size:.0f} MB, but the limit here is {limit} MB: choose a smaller one."
UPLOAD_TOO_LARGE = "This file is larger than {limit:.0f} MB, the most that is taken here: choose a smaller one."
TOO_MANY_FILES = (
    "You have {limit} files here, the most that one visitor may have: they are deleted when you close the page."
)
TOO_MUCH_KEPT = (
    "Your files here take {kept:.0f} MB; with {size:.0f} MB more they would go over the {limit:.0f} MB that one "
    "visitor may have. They are deleted when you close the page."
)
NO_ROOM = "This server's disk is nearly full, so nothing can be taken or made just now: try again in a few minutes."
TOO_MANY_UPLOADS = "Too many files are being sent at once: wait until one has arrived, then try again."
TOO_MANY_OPEN = "Too many requests are open at once: close some tabs, then try again."
TOO_OFTEN = "That was too often: wait {seconds} s, then try again."
TOO_SLOW = "Nothing came for too long, so the transfer was given up: try again."
TOO_LONG_A_REQUEST = "That is too long for a request: send files as uploads."
BAD_REQUEST = "This upload cannot be understood: send a form with files in it."
BAD_CALL = "This call cannot be understood: send JSON as /gradio_api/info describes it."
OTHER_PIECE = "Another piece of this file is wanted first."
WRONG_NUMBER = "This function takes {wanted} values and got {given}: /gradio_api/info describes them."
ENOUGH_WAITING = "You have {n} jobs waiting already: wait until one has begun, or cancel it."
QUEUE_FULL = "Too many jobs are waiting: try again in a few minutes."
CLOSING = "The page is about to be restarted and takes no more jobs: try again in a minute."
JOBS_CANCELLED = ("{n} job was cancelled.", "{n} jobs were cancelled.")
NO_ADDRESSES = "Only files that were uploaded here are taken, not addresses: upload it first."
NOT_OFFERED = "This is not offered here."
FILE_NOT_YOURS = "This file is not yours, or it is gone."
NOT_YOUR_TAB = "This is from another visitor's page."


def counted(forms: tuple[str, str], n: int) -> str:
    """A sentence with a number in it; forms are that for one and that for every other number."""
    return forms[n != 1].format(n=n)
