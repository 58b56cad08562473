"""The floors of the package, as the test that holds imports to them has them."""

import ast

from docs_build import ROOT
from docs_build.constants import constant

PACKAGE = ROOT / "keras_rnn_explained"

JAPANESE = {
    "__init__": "公開する名前。",
    "__main__": "`python -m keras_rnn_explained` はコマンド `rnn-explained` と同じ。",
    "activations": "Kerasが活性化関数を見つける名前。",
    "archive": "配列と、それについて知るべきことを、NumPyだけで読める1つの `.npz` に収める。",
    "backends": "Kerasの各バックエンドが数式をどう実行し、状態の勾配がBPTTであることをどう知るか。",
    "bptt": "勾配の各部分がどこから来たか。時間に沿って並べたBPTT。",
    "callbacks": "学習中のモデルの中を見るKerasのコールバック `GradientFlow`。",
    "chains": "重なった再帰層を、Kerasの外のネットワークに移すために読み取る。移せないものは断る。",
    "cli": "コマンド `rnn-explained`。",
    "convert": "`SimpleRNN` との相互変換。",
    "copying": "層を置き換えながらKerasのモデルをコピーする。",
    "criteria": "どの値から所見とするか。根拠の論文と、所見の文章。",
    "datasets": "パッケージに含まれる小さな実データと、系列の窓への切り分け。",
    "demonstration": "`rnn-explained demo` の計算。1つの系列で2つのネットワークを比べる。",
    "diagnosis": "何が悪いか。順伝播と逆伝播の数値をしきい値と比べる。",
    "equations": "単純な再帰型ネットワークの数式。それぞれ1度だけ書いてある。",
    "execution": "層が受け取ったものを数式に渡し、結果を戻す。どのバックエンドでも同じ。",
    "explain_command": "コマンド `rnn-explained explain`。モデルと配列のファイルからページを作る。",
    "exporting": "モデルが書き出されるところかどうか。どの形式か。",
    "figures": "再帰層とその動作の図。",
    "files": "ファイルを、全体を書き終えたときにだけ置き換える。",
    "finding": "モデルのどこに再帰層があり、どんなパスで呼ばれるか。",
    "installation": "別にインストールされているバックエンドを確かめて読み込む。",
    "layer": "層 `ExplainedRNN`。",
    "losses": "モデルをさかのぼらせる損失。渡されたもの、またはコンパイル時に指定したもの。",
    "naming": "メッセージで値の種類をどう呼ぶか。引数に渡されたパス。",
    "onnx_nodes": "ONNXの `RNN` ノードの内容。Kerasに対応するものがなければ断る。",
    "onnx_weights": "ONNXの `RNN` ノードとの相互変換。",
    "recording": "モデルの実行中に記録した、層への入力と層の計算結果。",
    "report": "データに対するモデルの動作を説明する、1つで完結したHTMLページ。",
    "results": "層の中を見た結果に共通のこと。名前つきの配列、保存、ほかの形式への変換。",
    "saved_models": "他人が保存したモデル。コードは実行せず、ファイルより大きなメモリは使わない。",
    "simple_rnn_weights": "`ExplainedRNN` が読み込む重みファイルから `SimpleRNN` の変数を探す。",
    "tables": "軸に名前のついた配列を、xarrayとpandasの形にする。",
    "terminal": "コマンドに共通の、静かなインポート、進捗表示、検査、表。",
    "torch_stack": "`torch.nn.RNN` で表せるもの。重みの配列またはKerasの層から読み取り、"
    "表せないものは理由を示して断る。",
    "torch_weights": "`torch.nn.RNN` との相互変換。",
    "training_log": "学習中に見たモデルの数値を、CSVとTensorBoardに書く。",
    "unfolding": "各時刻に何が起きたか。時間に沿って並べた順伝播の数値。",
    "validation": "渡された値の検査。メッセージは引数、渡された値、渡すべき値を示す。",
    "verification": "`ExplainedRNN` が `SimpleRNN` と同じ計算をすることの、無作為な検証。",
}
"""What each module is about. In English its docstring says so."""


def floors(language: str) -> str:
    """The modules of each floor, the highest floor first."""
    entries = []
    for floor in reversed(floors_of_the_test()):
        for place, module in enumerate(sorted(floor)):
            mark = "" if place else ' class="floor"'
            about = JAPANESE[module] if language == "ja" else first_line(module)
            entries.append(
                f'<dt{mark} markdown="span">`{module}`</dt><dd{mark} markdown="span">{about}</dd>'
            )
    return f'<dl class="facts floors" markdown="1">{"".join(entries)}</dl>'


def floors_of_the_test() -> list[set[str]]:
    """The floors, from the ground up."""
    return constant("tests/test_architecture.py", "FLOORS")


def first_line(module: str) -> str:
    """What a module of the package says of itself first."""
    path = PACKAGE / f"{module}.py"
    if not path.exists():
        path = PACKAGE / module / "__init__.py"
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.split("\n\n")[0].replace("\n", " ")
