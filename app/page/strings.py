"""Every word that the page shows, in one place, so that a translation or a correction touches one file."""

from __future__ import annotations

TITLE = "Riffusion Dub"
TAGLINE = "New music for one part of your video. The rest stays exactly as it is."

# 1 The video
VIDEO_HEADING = "1 · Your video"
VIDEO_LABEL = "Video"
VIDEO_EMPTY = "Drop a video above or try an example: its length, size, sound and parts will stand here at once."
EXAMPLES = (("world.mp4", "World, 30 s with sound"), ("a.mp4", "Dots, 7 s at 1080p"), ("muted_b.mp4", "Silent, 5 s"))
NO_SOUND = "no sound"

# 2 The part
PARTS_HEADING = "2 · The part"
N_PARTS_LABEL = "Number of parts"
N_PARTS_HELP = "The video is cut into this many equal parts; one of them gets new music."
SPLIT_LABEL = "How to cut"
SPLIT_HELP = "What it means for this video stands below."
SPLIT_CHOICES = (
    ("Exact, nothing re-encoded", "exact"),
    ("Re-encode, clean starts", "reencode"),
    ("At keyframes only", "keyframe"),
)
STRIP_LABEL = "Choose the part that gets new music"
STRIP_EMPTY = "The parts of your video will stand here. Choose one by click, or with the arrow keys."
DUBBED_BADGE = "new music"

# The status card
CARD_HEADING = "What is set"
CARD_DURATION = "Video lasts"
CARD_PROMPT = "Applied prompt"
CARD_N_PARTS = "Parts"
CARD_PART = "Chosen part"
CARD_PART_DURATION = "Each part lasts"
CARD_TIMELINE = "Timeline of the part"
CARD_NO_PROMPT = "none yet"
CARD_NOTHING = "–"

# 3 The music
MUSIC_HEADING = "3 · The music"
PROMPT_LABEL = "Prompt"
PROMPT_HELP = "What the music should be. Enter or Apply takes it over; until then nothing changes."
PROMPT_PLACEHOLDER = "calm piano and strings, slow, warm"
APPLY = "Apply"
NEGATIVE_LABEL = "Negative prompt"
NEGATIVE_HELP = "What the music should not be. It reaches the model as it stands."
NEGATIVE_PLACEHOLDER = "vocals, noise"
PROMPT_EXAMPLES = (
    "calm piano, slow, warm",
    "upbeat electronic dance music, 120 BPM",
    "acoustic guitar, folk, gentle",
    "dark ambient pads, slow, cold",
    "funk bass and drums, groovy, 100 BPM",
)

# Suggest from the video
SUGGEST_HEADING = "Suggest from the video"
SUGGEST_INTRO = "Looks at stills of your video and writes a fitting prompt. You can edit it before you apply it."
STILLS_BUTTON = "Show stills"
STILLS_EMPTY = "Stills of the whole video and of the chosen part will stand here."
STILLS_LABEL = "Choose a still, or all of them"
STILLS_ALL = "All of them"
STILLS_COUNT_LABEL = "Stills of each"
STILLS_COUNT_HELP = "2 are taken at a third and two thirds; more are spread evenly."
DESCRIBER_LABEL = "Who looks"
DESCRIBER_HELP = "palette: colour, light and movement, at once. vlm: a vision-language model. replicate: needs a token."
SUGGEST_BUTTON = "Suggest a prompt"
SAW = "What it saw: {saw}."
SAW_TEMPO = "{bpm} BPM makes the part a whole number of bars."
AUTO_BUTTON = "Make music for this part"
AUTO_HELP = "Looks at the part, writes a prompt, applies it and makes the music, in one go."

# Additional settings: label and one line of help each
SETTINGS_HEADING = "Additional settings"
SETTINGS: dict[str, tuple[str, str]] = {
    "model": ("Checkpoint", "auto takes riffusion on a CUDA GPU and the built-in pocket elsewhere."),
    "scheduler": ("Scheduler", "How the noise is taken away; dpm++ needs the fewest steps."),
    "guidance_scale": (
        "Guidance scale",
        "How closely the prompt is followed, 0 to 45; 6.5 is usual.",
    ),
    "num_inference_steps": ("Steps", "1 to 100. More take longer and get finer."),
    "seed": ("Seed", "The same seed makes the same music again. Empty draws a new one each time."),
    "candidates": ("Candidates", "How many takes to make; you choose among them afterwards."),
    "columns": ("Output columns", "1 to 21: how many parts stand side by side in the results."),
    "sound_mode": ("Sound", "Replace the part's sound, lay the music under it, or let the music sink while it speaks."),
    "music_gain_db": ("Music level", "In under and duck: how far the music lies below the original sound, in dB."),
    "loudness": ("Loudness", "Match the part's own sound, or a level of your choice."),
    "loudness_lufs": ("Level in LUFS", "-14 is usual for video sites, -16 for podcasts, -23 for television."),
    "seed_image": ("Seed image", "A spectrogram image to start from, for example one that was made here."),
    "seed_audio": ("Seed audio", "Sound to start from: a recording, a hum, an earlier take."),
    "strength": ("Strength", "With a seed: 0 keeps it, 1 ignores it."),
    "loop": ("Loop", "The end of the music meets its start, so that it can repeat without a seam."),
}
SEED_PLACEHOLDER = "a new one each time"
DICE = "Roll"
SOUND_CHOICES = (("Replace", "replace"), ("Under", "under"), ("Duck", "duck"))
LOUDNESS_CHOICES = (("Match the original", "match"), ("Fixed level", "fixed"))

# Run
RUN = "Split-n-Generate"
CANCEL = "Cancel"
REASON_NO_VIDEO = "Upload a video first."
REASON_NO_PROMPT = "Write a prompt and press Apply, or let “{auto}” find one."
REASON_DRAFT = "The prompt was changed but not applied: press Apply or Enter."
WAITING = "Waiting for a free place"
WAITING_FIRST = "One job is running. You are number 1 in the queue."
WAITING_PLACE = "{running} job is running. You are number {place} in the queue."
STARTING = "Starting"
STOPPED = "Stopped. Nothing was left behind; what you had before is still here."
STOPPING = "Stopping: the current step ends first."
INTERNAL_ERROR = "Something went wrong inside the program; the server's log says what. Nothing of yours was changed."
BUSY = "A run is under way: wait for it or cancel it first."
NO_RESULT = "There is no result yet: make music for a part first."
SESSION_LOST = "This page has been open for so long that its files were deleted: reload it and upload the video again."
NOT_YOURS = "That file is not from this visit: upload it here first."
STAGES: dict[str, str] = {
    "suggest": "Look at the video",
    "probe": "Read the video",
    "plan": "Plan the parts",
    "split": "Cut the parts",
    "load model": "Load the checkpoint",
    "generate": "Make the music",
    "invert": "Turn the picture into sound",
    "mix": "Lay the music in",
    "mux": "Put the film together",
    "archive": "Pack the archive",
}
STEP_OF = "step {done} of {total}"
TIME_LEFT = "about {seconds} left"
ELAPSED = "{seconds} so far"

# Results
RESULTS_HEADING = "Results"
RESULTS_EMPTY = "Nothing made yet. Your parts, the new music and the whole film will stand here."
DETAIL_HEADING = "Part {part}: before and after"
BEFORE = "Before"
AFTER = "After"
COMPARE_HELP = "Start one while the other plays: it takes over at the same moment."
IN_PLACE = "Hear it in place"
IN_PLACE_HELP = "With three seconds of film before and after:"
TAKES_HEADING = "The music alone"
TAKE = "Take {take}"
USE_TAKE = "Use this take"
TAKE_IN_USE = "in the film"
SPECTROGRAM_ALT = "Spectrogram of take {take}: time from left to right, low notes at the bottom"
UNDO = "Undo part {part}"
UNDO_NONE = "Undo"
PARTS_GRID_HEADING = "All parts"
FILM_HEADING = "The whole film with the new sound"
DOWNLOAD_ARCHIVE = "Download archive"
DOWNLOAD_FILM = "Download film"
HISTORY_HEADING = "This session's takes"
HISTORY_EMPTY = "Each take of this session will be listed here with its seed."
HISTORY_COLUMNS = ("Time", "Part", "Prompt", "Seed", "Checkpoint", "Seconds")
CANNOT_PLAY = "This browser cannot play this kind of file; the downloads hold it whole."

# Checkpoint status
MODEL_LOADING = "Checkpoint {name} is loading; you can set everything up meanwhile."
MODEL_READY = "Checkpoint {name} is ready."
MODEL_WAITING = "The checkpoint loads with the first job."
THEME_TOGGLE = "Light or dark"
FOOTER = "Your files are visible to you alone and are deleted after {minutes} minutes."

# Limits
TOO_LONG = "This video lasts {duration}, but the longest accepted here is {limit}: cut it first."
TOO_LARGE = "This file has {size:.0f} MB, but at most {limit} MB are accepted here: choose a smaller one."
